"""What the tests that run an npm client share."""

import shutil
import subprocess
from pathlib import Path

import pytest

CLIENT = Path(__file__).parent / "openid_client"
INSTALL_SECONDS = 90


@pytest.fixture(scope="session")
def client_folder(tmp_path_factory):
    """openid-client, installed as its lock file says."""
    if not shutil.which("node") or not shutil.which("npm"):
        pytest.skip("node and npm are not installed: apt-get install nodejs npm")
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout
    if int(version.strip("v\n").split(".")[0]) < 20:
        pytest.skip(f"openid-client needs Node.js 20; this is {version.strip()}")
    folder = tmp_path_factory.mktemp("openid-client")
    for name in ("package.json", "package-lock.json", "flow.mjs"):
        shutil.copy(CLIENT / name, folder)
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    try:
        subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=INSTALL_SECONDS)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as failed:
        pytest.skip(f"npm could not install openid-client: {(failed.stderr or b'no answer')[-300:]!r}")
    return folder
