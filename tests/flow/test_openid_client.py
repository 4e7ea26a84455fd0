"""A real client that nobody here wrote: openid-client (npm), in every variant of FAPI 2.0, against everything running."""

import json
import os
import secrets
import subprocess
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import pytest
from joserfc.jwk import ECKey

from ringfence.app.installing import create_keys
from ringfence.clock import system_clock
from ringfence.demo.cast import register_customer
from ringfence.demo.installation import start, write_installation
from ringfence.demo.management import Management
from ringfence.demo.processes import Processes
from ringfence.edge.certificates import issue_client_certificate
from ringfence.ids import system_random
from tests.conformance.edge.installed import TRANSFER

CLIENT = Path(__file__).parent / "openid_client"
REDIRECT = "https://openid-client.example/callback"
STEP_SECONDS = 60

pytestmark = pytest.mark.flow


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """The whole demonstration: bank, edge, workers, authorization server."""
    yield from installed(tmp_path_factory.mktemp("rf"), strict=False)


@pytest.fixture(scope="module")
def strict(tmp_path_factory):
    """The same, where every DPoP proof must hold a nonce of the server's."""
    yield from installed(tmp_path_factory.mktemp("rf"), strict=True)


def installed(directory, *, strict):
    installation = write_installation(directory, system_clock(), create_keys)
    text = installation.policy.read_text()
    text = text.replace("rate_per_second: 10, burst: 40", "rate_per_second: 1000, burst: 1000")
    text = text.replace("  authorization_details:\n", TRANSFER)
    text = text.replace("oauth:\n", "oauth:\n  registration: {require: [invitation]}\n")
    if strict:
        text = text.replace("oauth:\n", "oauth:\n  dpop_nonce: required\n")
        text = text.replace("defaults: {", "defaults: {dpop_nonce: required, ")
        assert text.count("dpop_nonce: required") == 3
    installation.policy.write_text(text)
    with Processes(installation.directory / "logs") as processes:
        start(installation, processes)
        with Management(installation.admin_socket) as management, installation.http() as browser:
            customer, _ = register_customer(installation, management, browser, system_random)
            yield installation, management, customer


@dataclass(frozen=True)
class Variant:
    """How the client authenticates, binds its tokens, asks and is answered."""

    auth: str
    bind: str
    openid: bool
    jar: bool = False
    jarm: bool = False
    rar: bool = False

    @property
    def name(self):
        return "-".join(str(value) if isinstance(value, str) else name for name, value in vars(self).items() if value)


VARIANTS = [
    *(Variant(*choice) for choice in product(("pkjwt", "mtls"), ("dpop", "mtls"), (False, True))),
    Variant("pkjwt", "dpop", openid=False, jar=True),
    Variant("pkjwt", "mtls", openid=True, jarm=True),
    Variant("mtls", "dpop", openid=True, rar=True),
    Variant("mtls", "mtls", openid=True, jar=True, jarm=True, rar=True),
]

DETAIL = {
    "type": "transfer",
    "instructedAmount": {"amount": "12.30", "currency": "GBP"},
    "creditorName": "Merchant A",
}


def register(installation, management, variant):
    """Register a client of that variant; return what the client has to know."""
    name = f"openid-client {variant.name} {secrets.token_hex(3)}"
    key = ECKey.generate_key("P-256")
    about = {"kid": key.thumbprint(), "alg": "ES256", "use": "sig"}
    client = {
        "name": name,
        "authentication": "private_key_jwt" if variant.auth == "pkjwt" else "tls_client_auth",
        "binding": variant.bind,
        "redirect_uris": [REDIRECT],
        "scopes": ["accounts", *(["openid"] if variant.openid else [])],
        "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
        "profile": "fapi2-message-signing" if variant.jar and variant.jarm else "fapi2",
        "require_signed_request_object": variant.jar,
        "authorization_details_types": ["transfer"] if variant.rar else [],
    }
    settings = {}
    if variant.auth == "pkjwt" or variant.jar:
        client["jwks"] = {"keys": [key.as_dict(private=False) | about]}
        private = {member: key.as_dict(private=True)[member] for member in ("kty", "crv", "x", "y", "d")}
        settings["key"] = private | {"kid": about["kid"]}
    if variant.auth == "mtls" or variant.bind == "mtls":
        common_name = f"node-{secrets.token_hex(4)}"
        pair = issue_client_certificate(installation.authority.parent, common_name, system_clock())
        settings["tls"] = {"cert": str(pair[0]), "key": str(pair[1]), "ca": str(installation.authority)}
        if variant.auth == "mtls":
            client["tls_subject"] = f"CN={common_name}"
    return settings | {"client_id": management.add_client(client)}


def test_file_names_no_registry():
    lock = json.loads((CLIENT / "package-lock.json").read_text())
    assert not [name for name, package in lock["packages"].items() if "resolved" in package]
    assert all("integrity" in package for name, package in lock["packages"].items() if name)


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.name)
def test_a_fapi_client_walks_through_everything(client_folder, running, variant):
    walk_through_everything(client_folder, running, variant)


@pytest.mark.parametrize(
    "variant",
    [Variant("pkjwt", "dpop", openid=True, jar=True, jarm=True, rar=True), Variant("mtls", "dpop", openid=False)],
    ids=lambda variant: variant.name,
)
def test_message_signing_and_nonces(client_folder, strict, variant):
    """`use_dpop_nonce` from the authorization server and from the API, which the client answers by itself."""
    walk_through_everything(client_folder, strict, variant)


def test_a_client_that_registers_itself(client_folder, running):
    """RFC 7591, as openid-client does it; then everything else."""
    key = ECKey.generate_key("P-256")
    about = {"kid": key.thumbprint(), "alg": "ES256", "use": "sig"}
    private = {member: key.as_dict(private=True)[member] for member in ("kty", "crv", "x", "y", "d")}
    invitation = running[1]._call("POST", "/invitations", {"name": "openid-client"})
    said = {
        "client_name": "openid-client registers",
        "redirect_uris": [REDIRECT],
        "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
        "response_types": ["code"],
        "scope": "accounts",
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks": {"keys": [key.as_dict(private=False) | about]},
    }
    registering = {
        "key": private | {"kid": about["kid"]},
        "initial_access_token": invitation["initial_access_token"],
        "metadata": said,
    }
    walk_through_everything(client_folder, running, Variant("pkjwt", "dpop", openid=False), registering)
    assert running[1]._call("GET", "/invitations")["items"][0]["uses_left"] == 0


def walk_through_everything(client_folder, installed, variant, registering=None):
    """Let the client go from discovery to revocation."""
    installation, management, customer = installed
    api = installation.accounts_url
    if variant.bind == "mtls":
        api = api.replace(f":{installation.public_port}", f":{installation.mtls_port}")
    settings = (registering or register(installation, management, variant)) | {
        "variant": vars(variant),
        "issuer": installation.issuer,
        "redirect_uri": REDIRECT,
        "scope": "openid accounts" if variant.openid else "accounts",
        "api": api,
        "details": [DETAIL],
    }
    steps = walk(client_folder, installation.authority, settings, customer)
    kind = "dpop" if variant.bind == "dpop" else "bearer"  # openid-client writes it in lower case

    assert steps["discovered"] == {"issuer": installation.issuer, "supportsPKCE": True}
    assert "request_uri=" in steps["authorize"]["url"]
    assert "redirect_uri=" not in steps["authorize"]["url"]
    assert "request=" not in steps["authorize"]["url"]
    assert steps["tokens"]["type"] == kind
    assert steps["tokens"]["expires_in"] == 300
    assert steps["tokens"]["refresh"] is True
    assert steps["tokens"]["details"] == ([DETAIL] if variant.rar else None)
    assert steps["called"]["status"] == 200
    assert steps["called"]["body"]["Data"]["Account"]
    assert steps["stolen"]["status"] == 401
    if variant.openid:
        assert steps["claims"]["subject"] == steps["tokens"]["subject"]
    assert steps["refreshed"] == {"type": kind, "changed": True}
    assert steps["called again"]["status"] == 200
    bound = ["jkt" if variant.bind == "dpop" else "x5t#S256"]
    assert steps["introspected"] == {"active": True, "client_id": steps["client"]["client_id"], "bound": bound}
    assert steps["own"] == {"type": kind, "refresh": False}
    assert steps["revoked"]["error"] == "invalid_grant"
    assert steps["called after"]["status"] == 401
    assert steps["code again"]["error"] == "invalid_grant"
    assert "done" in steps


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
