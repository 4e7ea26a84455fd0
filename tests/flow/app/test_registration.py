"""Through the real edge: a partner registers itself, gets a token, calls the API, and is gone when it says so."""

import time

import httpx
import pytest
from joserfc.jwk import ECKey
from running_installation import Running

from ringfence.clock import system_clock
from ringfence.demo.dpop import public_part
from ringfence.demo.partner import Partner, Registration
from ringfence.ids import system_random

pytestmark = pytest.mark.flow

SCOPES = ("openid", "accounts")


@pytest.fixture
def endpoint(running: Running) -> str:
    """The registration endpoint, once the policy has it."""
    running.edit_policy(r"\noauth:\n", "\noauth:\n  registration: {require: [invitation]}\n")
    url, until = f"{running.installation.issuer}/.well-known/oauth-authorization-server", time.monotonic() + 30
    with running.installation.http() as http:
        while "registration_endpoint" not in (found := http.get(url).json()):
            assert time.monotonic() < until, running.log()[-2000:]
            time.sleep(0.1)
    return str(found["registration_endpoint"])


def events(running: Running, kind: str, client_id: str) -> list[dict]:
    """Events arrive in batches."""
    until = time.monotonic() + 10
    while not (found := [one for one in running.events(kind) if one["client"] == client_id]):
        assert time.monotonic() < until, kind
        time.sleep(0.1)
    return found


def test_a_partner_registers_itself_and_leaves(running: Running, endpoint: str) -> None:
    assertion_key, dpop_key = ECKey.generate_key("P-256"), ECKey.generate_key("P-256")
    published = public_part(assertion_key) | {"kid": assertion_key.thumbprint(), "use": "sig", "alg": "ES256"}
    said = {
        "client_name": "Puffin Planning",
        "redirect_uris": ["https://puffin.example/callback"],
        "grant_types": ["authorization_code", "refresh_token"],
        "scope": " ".join(SCOPES),
        "jwks": {"keys": [published]},
        "subject_type": "pairwise",
    }
    with running.installation.http() as http:
        refused = http.post(endpoint, json=said)
        assert (refused.status_code, refused.json()["error"]) == (401, "invalid_token")
        invitation = running.management._call("POST", "/invitations", {"name": "Puffin"})["initial_access_token"]
        answer = http.post(endpoint, json=said, headers={"authorization": f"Bearer {invitation}"})
        assert answer.status_code == 201, answer.text
        body = answer.json()
        registration = Registration(
            said["client_name"], body["client_id"], said["redirect_uris"][0], SCOPES, assertion_key, dpop_key
        )
        partner = Partner(registration, running.partner.server, http, system_clock, system_random)
        pushed = partner.push(SCOPES)
        tokens = partner.redeem(running.customer.consent(partner.authorization_url(pushed)), pushed)
        # the API knows its customer, though the client knows them by a name of its own
        url = running.installation.accounts_url
        answer = partner.call("GET", url, tokens)
        assert answer.status_code == 200, answer.text
        assert answer.content == running.partner.call("GET", url, running.tokens).content
        assert events(running, "client.managed.v1", body["client_id"])[0]["action"] == "registered"
        _replace_and_leave(http, body)
        for _ in range(6):  # every worker
            refused = partner.call("GET", url, tokens)
            assert (refused.status_code, refused.json()["type"]) == (401, "urn:ringfence:problem:token-revoked")
    assert running.partner.call("GET", url, running.tokens).status_code == 200
    assert events(running, "grant.revoked.v1", body["client_id"])[0]["why"] == "the client ended"


def _replace_and_leave(http: httpx.Client, body: dict) -> None:
    uri, headers = body["registration_client_uri"], {"authorization": f"Bearer {body['registration_access_token']}"}
    read = http.get(uri, headers=headers)
    assert read.status_code == 200, read.text
    document = {k: v for k, v in read.json().items() if k not in ("registration_client_uri", "client_id_issued_at")}
    answer = http.put(uri, headers=headers, json=document | {"contacts": ["ops@puffin.example"]})
    assert answer.status_code == 200, answer.text
    renewed = {"authorization": f"Bearer {answer.json()['registration_access_token']}"}
    assert http.get(uri, headers=headers).status_code == 401
    assert http.get(uri, headers=renewed).json()["contacts"] == ["ops@puffin.example"]
    assert http.delete(uri, headers=renewed).status_code == 204
    assert http.get(uri, headers=renewed).status_code == 401
