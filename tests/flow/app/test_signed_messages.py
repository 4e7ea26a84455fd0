"""Signed requests through edge, worker and bank, all running."""

import base64
import json
import os
import signal
import time
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from jwcrypto import jwk
from running_installation import Running, begin

from ringfence.clock import system_clock
from ringfence.demo.processes import Processes
from tests.signed_calls import ClientKey, content_digest, signed

pytestmark = [pytest.mark.flow, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    directory = tmp_path_factory.mktemp("s")
    with Processes(directory / "logs") as processes:
        made = begin(directory, processes)
        made.edit_policy(
            r"defaults: \{scopes: \[accounts\]",
            "defaults: {signature: required, response_signature: required, scopes: [accounts]",
        )
        until = time.monotonic() + 30
        while any(call(made, made.installation.accounts_url, None).status_code == 200 for _ in range(4)):
            assert time.monotonic() < until
            time.sleep(0.1)
        yield made


class RegisteredKey(ClientKey):
    """The key that the partner registered for its assertions."""

    def __init__(self, running: Running) -> None:
        key = running.partner.registration.assertion_key
        self.kid = key.thumbprint()
        self.private = key.private_key


def call(running: Running, url: str, key: ClientKey | None, change: Any = None, *, fresh: bool = True) -> Any:
    """Call with a new access token, or the one of the last call (which is there while nobody issues any)."""
    partner = running.partner
    if fresh:
        running.tokens = partner.refresh(running.tokens)
    tokens = running.tokens
    proof = partner.proof("GET", url, tokens.access_token)
    headers = (("authorization", f"DPoP {tokens.access_token}"), ("dpop", proof))
    if key is not None:
        headers = signed(key, "GET", url, headers, created=system_clock())
    if change is not None:
        headers = change(headers)
    with running.installation.http() as http:
        return http.get(url, headers=list(headers))


def reason(response: Any) -> str:
    return str(response.json()["type"]).rpartition(":")[2]


def test_a_signed_request_passes_and_every_other_is_refused(running: Running) -> None:
    url, key = running.installation.accounts_url, RegisteredKey(running)
    assert call(running, url, key).status_code == 200
    unsigned = call(running, url, None)
    assert (unsigned.status_code, reason(unsigned)) == (401, "signature-missing")
    assert 'tag="fapi-2-request"' in unsigned.headers["accept-signature"]
    assert reason(call(running, url, ClientKey("other"))) == "signature-key"
    assert reason(call(running, url, ClientKey(key.kid))) == "signature-invalid"
    assert call(running, url, key, lambda headers: (*headers, ("x-not-covered", "y"))).status_code == 200
    running.wait_for_event("call.decided.v1", lambda event: event.get("signed_by") == key.kid)


def test_the_answer_is_signed_and_without_the_signer_there_is_none(running: Running) -> None:
    url, key = running.installation.accounts_url, RegisteredKey(running)
    answer = call(running, url, key)
    params = answer.headers["signature-input"].removeprefix("sig=")
    assert params.endswith(';tag="fapi-2-response"')
    assert answer.headers["content-digest"] == content_digest(answer.content)
    sent = answer.request.headers
    values = {
        '"@status"': "200",
        '"content-digest"': answer.headers["content-digest"],
        '"@method";req': "GET",
        '"@target-uri";req': url,
        **{f'"{name}";req': sent[name] for name in ("signature", "signature-input")},
    }
    covered = params[1 : params.index(")")].split(" ")
    base = "\n".join([*(f"{name}: {values[name]}" for name in covered), f'"@signature-params": {params}'])
    published = json.loads((running.installation.directory / "state/jwks-message-signature.json").read_text())["keys"]
    keyid = params.partition('keyid="')[2].partition('"')[0]
    public = jwk.JWK(**next(one for one in published if one["kid"] == keyid)).get_op_key("verify")
    raw = base64.b64decode(answer.headers["signature"].removeprefix("sig=:").removesuffix(":"))
    der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    public.verify(der, base.encode(), ec.ECDSA(hashes.SHA256()))

    before = running.role_pid("signer")
    os.kill(before, signal.SIGSTOP)
    try:
        refused = call_until(running, url, key, 503)
        assert reason(refused) == "unavailable"
    finally:
        os.kill(before, signal.SIGCONT)
    assert call_until(running, url, key, 200).status_code == 200


def call_until(running: Running, url: str, key: ClientKey, status: int) -> Any:
    until = time.monotonic() + 30
    while (answer := call(running, url, key, fresh=False)).status_code != status:
        assert time.monotonic() < until, answer.text
        time.sleep(0.2)
    return answer


def test_a_stopped_clients_keys_are_gone_at_once_and_come_back(running: Running) -> None:
    url, key = running.installation.accounts_url, RegisteredKey(running)
    client_id = running.partner.registration.client_id
    tokens = running.partner.refresh(running.tokens)
    running.management._call("POST", f"/clients/{client_id}/suspend")
    proof = running.partner.proof("GET", url, tokens.access_token)
    headers = (("authorization", f"DPoP {tokens.access_token}"), ("dpop", proof))
    with running.installation.http() as http:
        answer = http.get(url, headers=list(signed(key, "GET", url, headers, created=system_clock())))
    assert reason(answer) == "token-revoked"
    running.management._call("POST", f"/clients/{client_id}/activate")
    assert call(running, url, key).status_code == 200
