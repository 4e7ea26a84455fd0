"""A real client that nobody here wrote: openid-client (npm), with FAPI 2.0 settings, against everything running."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from joserfc.jwk import ECKey

from ringfence.app.installing import create_keys
from ringfence.clock import system_clock
from ringfence.demo.cast import register_customer
from ringfence.demo.installation import start, write_installation
from ringfence.demo.management import Management
from ringfence.demo.processes import Processes
from ringfence.ids import system_random

CLIENT = Path(__file__).parent / "openid_client"
REDIRECT = "https://openid-client.example/callback"
INSTALL_SECONDS = 90
STEP_SECONDS = 60

pytestmark = pytest.mark.flow


@pytest.fixture(scope="module")
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


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """The whole demonstration: bank, edge, workers, authorization server, where partners may register by invitation."""
    installation = write_installation(tmp_path_factory.mktemp("rf"), system_clock(), create_keys)
    text = installation.policy.read_text()
    installation.policy.write_text(text.replace("oauth:\n", "oauth:\n  registration: {require: [invitation]}\n"))
    with Processes(installation.directory / "logs") as processes:
        start(installation, processes)
        with Management(installation.admin_socket) as management, installation.http() as browser:
            customer, _ = register_customer(installation, management, browser, system_random)
            yield installation, management, customer


@pytest.fixture(scope="module")
def strict(tmp_path_factory):
    """The same, where every DPoP proof must hold a nonce of the server's."""
    installation = write_installation(tmp_path_factory.mktemp("rf"), system_clock(), create_keys)
    text = installation.policy.read_text()
    text = text.replace("oauth:\n", "oauth:\n  dpop_nonce: required\n")
    text = text.replace("defaults: {", "defaults: {dpop_nonce: required, ")
    assert text.count("dpop_nonce: required") == 3
    installation.policy.write_text(text)
    with Processes(installation.directory / "logs") as processes:
        start(installation, processes)
        with Management(installation.admin_socket) as management, installation.http() as browser:
            customer, _ = register_customer(installation, management, browser, system_random)
            yield installation, management, customer


def register(management, name, **more):
    """Register the client; return its id and its private key as a JWK."""
    key = ECKey.generate_key("P-256")
    about = {"kid": key.thumbprint(), "alg": "ES256", "use": "sig"}
    client_id = management.add_client(
        {
            "name": name,
            "jwks": {"keys": [key.as_dict(private=False) | about]},
            "redirect_uris": [REDIRECT],
            "scopes": ["accounts"],
            **more,
        }
    )
    private = {member: key.as_dict(private=True)[member] for member in ("kty", "crv", "x", "y", "d")}
    return client_id, private | {"kid": about["kid"]}


def test_file_names_no_registry():
    lock = json.loads((CLIENT / "package-lock.json").read_text())
    assert not [name for name, package in lock["packages"].items() if "resolved" in package]
    assert all("integrity" in package for name, package in lock["packages"].items() if name)


@pytest.mark.parametrize("discovery", ["oauth2", "oidc"])
def test_a_fapi_client_walks_through_everything(client_folder, running, discovery):
    client_id, key = register(running[1], f"openid-client {discovery}")
    walk_through_everything(client_folder, running, discovery, client_id, key, signed=False)


def test_message_signing_and_nonces(client_folder, strict):
    """JAR, JARM, and `use_dpop_nonce` from the authorization server and from the API, which the client answers by itself."""
    client_id, key = register(strict[1], "openid-client signing", profile="fapi2-message-signing")
    url = walk_through_everything(client_folder, strict, "oidc", client_id, key, signed=True)
    assert "request=" not in url


def test_a_client_that_registers_itself(client_folder, running):
    """RFC 7591, as openid-client does it; then everything else."""
    key = ECKey.generate_key("P-256")
    about = {"kid": key.thumbprint(), "alg": "ES256", "use": "sig"}
    private = {member: key.as_dict(private=True)[member] for member in ("kty", "crv", "x", "y", "d")}
    invitation = running[1]._call("POST", "/invitations", {"name": "openid-client"})
    said = {
        "client_name": "openid-client registers",
        "redirect_uris": [REDIRECT],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "scope": "accounts",
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks": {"keys": [key.as_dict(private=False) | about]},
    }
    more = {"initial_access_token": invitation["initial_access_token"], "metadata": said}
    walk_through_everything(
        client_folder, running, "oauth2", "", private | {"kid": about["kid"]}, signed=False, more=more
    )
    assert running[1]._call("GET", "/invitations")["items"][0]["uses_left"] == 0


def walk_through_everything(client_folder, installed, discovery, client_id, key, *, signed, more=None):
    """Let the client go from discovery to revocation; return where it sent the customer."""
    installation, _, customer = installed
    settings = {
        "issuer": installation.issuer,
        "discovery": discovery,
        "client_id": client_id,
        "key": key,
        "redirect_uri": REDIRECT,
        "scope": "accounts",
        "api": installation.accounts_url,
        "signed": signed,
    } | (more or {})
    steps = walk(client_folder, installation.authority, settings, customer)
    client_id = client_id or steps["client"]["client_id"]

    assert steps["discovered"] == {"issuer": installation.issuer, "supportsPKCE": True}
    assert "request_uri=" in steps["authorize"]["url"]
    assert "redirect_uri=" not in steps["authorize"]["url"]
    assert steps["tokens"]["type"] == "dpop"  # openid-client writes it in lower case
    assert steps["tokens"]["expires_in"] == 300
    assert steps["tokens"]["refresh"] is True
    assert steps["called"]["status"] == 200
    assert steps["called"]["body"]["Data"]["Account"]
    assert steps["stolen"]["status"] == 401
    assert steps["refreshed"] == {"type": "dpop", "changed": True}
    assert steps["called again"]["status"] == 200
    assert steps["introspected"] == {"active": True, "client_id": client_id}
    assert steps["revoked"]["error"] == "invalid_grant"
    assert steps["called after"]["status"] == 401
    assert steps["code again"]["error"] == "invalid_grant"
    assert "done" in steps
    return steps["authorize"]["url"]


def walk(folder, authority, settings, customer):
    """Run the client, play the customer when it asks for one, and return what each step brought."""
    environment = os.environ | {"NODE_EXTRA_CA_CERTS": str(authority)}
    steps = {}
    with subprocess.Popen(
        ["node", "flow.mjs"],
        cwd=folder,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as node:
        try:
            say(node, settings)
            while line := node.stdout.readline():
                said = json.loads(line)
                step = said.pop("step")
                steps[step] = said
                if step == "authorize":
                    say(node, {"url": customer.consent(said["url"])})
            assert node.wait(STEP_SECONDS) == 0, f"after {[*steps]}: {node.stderr.read()[-3000:]}"
        finally:
            node.kill()
    return steps


def say(node, what):
    node.stdin.write(json.dumps(what) + "\n")
    node.stdin.flush()
