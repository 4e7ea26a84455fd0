"""A token of SoftHSM2, a PKCS#11 device in software (Debian package `softhsm2`), for tests and the bench."""

import os
import shutil
import subprocess
from pathlib import Path

from ringfence.secret import Secret

TOKEN = "ringfence-test"
PIN = Secret("123456")

LIBRARIES = (
    Path("/usr/lib/softhsm/libsofthsm2.so"),
    Path("/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so"),
    Path("/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so"),
    Path("/usr/lib64/pkcs11/libsofthsm2.so"),
)


def library() -> Path | None:
    """Return SoftHSM2's library, or None where it is not installed."""
    if shutil.which("softhsm2-util") is None:
        return None
    return next((path for path in LIBRARIES if path.exists()), None)


def make_token(folder: Path) -> Path:
    """Make a token whose files lie in `folder`, name it in this process's environment, and return the library.

    The library reads the environment once, when it is first loaded: one folder a process.
    """
    found = library()
    assert found is not None
    (folder / "tokens").mkdir()
    conf = folder / "softhsm2.conf"
    conf.write_text(f"directories.tokendir = {folder}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n")
    os.environ["SOFTHSM2_CONF"] = str(conf)
    command = ["softhsm2-util", "--init-token", "--free", "--label", TOKEN, "--pin", PIN.reveal(), "--so-pin", "654321"]
    subprocess.run(command, check=True, capture_output=True)
    return found
