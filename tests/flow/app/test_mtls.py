"""Certificates: a client that authenticates by one, tokens that are bound to one.  RFC 8705 §2, §3, §5."""

import base64
import hashlib
import json
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from running_installation import Running

from ringfence.clock import system_clock
from ringfence.edge.certificates import issue_client_certificate
from ringfence.ids import new_token, system_random

pytestmark = [pytest.mark.flow, pytest.mark.timeout(120)]

CALLBACK = "https://mtls.example/callback"


@dataclass
class Certified:
    """A partner that holds a certificate and no other secret."""

    running: Running
    client_id: str
    pair: tuple[Path, Path]

    def http(self, pair: tuple[Path, Path] | None = None) -> httpx.Client:
        context = ssl.create_default_context(cafile=self.running.installation.authority)
        context.load_cert_chain(*(pair or self.pair))
        return httpx.Client(verify=context, timeout=10, trust_env=False)

    @property
    def aliases(self) -> dict[str, str]:
        issuer = self.running.installation.issuer
        metadata = self.running.installation.http().get(f"{issuer}/.well-known/openid-configuration").json()
        return metadata["mtls_endpoint_aliases"]

    def push(self, pair: tuple[Path, Path] | None = None) -> httpx.Response:
        self.verifier = new_token(system_random)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).decode().rstrip("=")
        form = {
            "client_id": self.client_id,
            "response_type": "code",
            "redirect_uri": CALLBACK,
            "scope": "accounts",
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return self.http(pair).post(self.aliases["pushed_authorization_request_endpoint"], data=form)

    def token(self) -> str:
        pushed = self.push()
        assert pushed.status_code == 201, pushed.text
        query = urlencode({"client_id": self.client_id, "request_uri": pushed.json()["request_uri"]})
        back = self.running.customer.consent(f"{self.running.partner.server.authorize}?{query}")
        form = {
            "client_id": self.client_id,
            "grant_type": "authorization_code",
            "code": parse_qs(urlsplit(back).query)["code"][0],
            "redirect_uri": CALLBACK,
            "code_verifier": self.verifier,
        }
        answer = self.http().post(self.aliases["token_endpoint"], data=form)
        assert answer.status_code == 200, answer.text
        assert answer.json()["token_type"] == "Bearer"
        return str(answer.json()["access_token"])

    def call(self, token: str, http: httpx.Client, port: int) -> httpx.Response:
        url = self.running.installation.accounts_url.replace(f":{self.running.installation.public_port}", f":{port}")
        return http.get(url, headers={"authorization": f"Bearer {token}"})


def registered(running: Running, directory: Path, **more: object) -> str:
    client = {
        "name": f"Tern {new_token(system_random)[:6]}",
        "binding": "mtls",
        "redirect_uris": [CALLBACK],
        "scopes": ["accounts"],
    }
    return running.management.add_client({**client, **more})


def check_binding(partner: Certified, other: tuple[Path, Path]) -> None:
    """The token works with its certificate on the mTLS listener, and nowhere else and with no other."""
    installation, token = partner.running.installation, partner.token()
    claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    der = ssl.PEM_cert_to_DER_cert(partner.pair[0].read_text())
    assert base64.urlsafe_b64decode(claims["cnf"]["x5t#S256"] + "=") == hashlib.sha256(der).digest()
    assert partner.call(token, partner.http(), installation.mtls_port).status_code == 200
    for http, port, reason in (
        (installation.http(), installation.mtls_port, "certificate-missing"),
        (partner.http(other), installation.mtls_port, "certificate-mismatch"),
        (partner.http(), installation.public_port, "certificate-missing"),
    ):
        refused = partner.call(token, http, port)
        assert (refused.status_code, refused.json()["type"]) == (401, f"urn:ringfence:problem:{reason}")
    spoofed = installation.http().get(
        installation.accounts_url,
        headers={
            "authorization": f"Bearer {token}",
            "x-forwarded-client-cert": f"Hash={hashlib.sha256(der).hexdigest()}",
            "x-ringfence-listener": "mtls",
        },
    )
    assert spoofed.status_code == 401


def test_a_certificate_of_the_authority_identifies_and_binds(running: Running, tmp_path: Path) -> None:
    tls = running.installation.authority.parent
    pair = issue_client_certificate(tls, "tern", system_clock())
    other = issue_client_certificate(tls, "gull", system_clock())
    client_id = registered(running, tmp_path, authentication="tls_client_auth", tls_subject="CN=tern")
    partner = Certified(running, client_id, pair)
    assert partner.push(other).json()["error"] == "invalid_client"
    check_binding(partner, other)


def test_a_self_signed_certificate_is_taken_only_where_the_policy_says_so(running: Running, tmp_path: Path) -> None:
    pair = issue_client_certificate(tmp_path, "plover", system_clock(), self_signed=True)
    other = issue_client_certificate(tmp_path, "dunlin", system_clock(), self_signed=True)
    client_id = registered(
        running, tmp_path, authentication="self_signed_tls_client_auth", certificate=pair[0].read_text()
    )
    partner = Certified(running, client_id, pair)
    with pytest.raises(httpx.TransportError):
        partner.push()
    running.edit_policy(r"authorities: \[tls/ca.pem\]", "authorities: [tls/ca.pem], self_signed: true")
    try:
        until(lambda: pushes(partner))
        assert partner.push(other).json()["error"] == "invalid_client"
        check_binding(partner, other)
    finally:
        running.edit_policy(", self_signed: true", "")


def pushes(partner: Certified) -> bool:
    try:
        return partner.push().status_code == 201
    except httpx.TransportError:
        return False


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)
