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
from jwcrypto import jwe, jwk
from running_installation import Running, begin

from ringfence.clock import system_clock
from ringfence.demo.processes import Processes
from ringfence.demo.story import payment
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


def test_a_payment_goes_sealed_both_ways_and_goes_on_while_the_keys_are_replaced(running: Running) -> None:
    theirs = jwk.JWK.generate(kty="EC", crv="P-256", kid="s1", use="enc", alg="ECDH-ES+A256KW")
    demand = "CreateDomesticPayment: {payload_encryption: {profile: jwe, request: required, answer: required}}"
    running.edit_policy(
        r"(?s)operations:\n          CreateDomesticPayment:\n.*?\n\n", f"operations:\n          {demand}\n\n"
    )
    running.tokens = running.partner.refresh(running.tokens)
    with running.installation.http() as http:
        until = time.monotonic() + 30
        while not (keys := published(http, running)):
            assert time.monotonic() < until, running.log()[-2000:]
            time.sleep(0.1)
        # each worker takes the new policy up by itself: until then it wants JSON
        while reason(answer := pay_sealed(http, running, keys[0])) in NOT_YET:
            assert time.monotonic() < until
            time.sleep(0.1)
        assert (answer.status_code, reason(answer)) == (403, "encryption-key")
        register(running, theirs)
        bodies = {opened(pay_until_sealed(http, running, keys[0]), theirs) for _ in range(6)}
        assert len(bodies) == 6
        running.wait_for_event("call.decided.v1", lambda event: event.get("sealed_to") == "s1")

        running.management._call("POST", "/keys/payload/rotate", {"why": "test"})
        while (now := published(http, running))[0]["kid"] == keys[0]["kid"]:
            assert time.monotonic() < until
            time.sleep(0.1)
        for one in (now[0], keys[0]):  # what partners remember for five minutes still opens
            assert pay_until_sealed(http, running, one).status_code == 201
        again = jwk.JWK.generate(kty="RSA", size=2048, kid="s2", use="enc", alg="RSA-OAEP-256")
        register(running, again)
        assert opened(pay_until_sealed(http, running, now[0]), again)


NOT_YET = {"media-type", "payload-unopened", "unavailable"}
"""A worker has the old policy, or does not know a new key of ours, or the signer makes one."""


def published(http: Any, running: Running) -> list[dict[str, str]]:
    """The keys at the address that the metadata names, as soon as it does."""
    metadata = http.get(f"{running.installation.issuer}/.well-known/oauth-authorization-server").json()
    if "payload_jwks_uri" not in metadata:
        return []
    answer = http.get(metadata["payload_jwks_uri"])
    assert answer.headers["cache-control"] == "public, max-age=300"
    keys = answer.json()["keys"]
    assert all((one["use"], one["alg"]) == ("enc", "RSA-OAEP-256") for one in keys)
    return list(keys)


def pay_sealed(http: Any, running: Running, key: dict[str, str]) -> Any:
    url, client = running.installation.payments_url, running.partner.registration.client_id
    header = {
        "alg": key["alg"],
        "enc": "A256GCM",
        "kid": key["kid"],
        "iat": int(time.time()),
        "iss": client,
        "aud": url,
    }
    sealed = jwe.JWE(json.dumps(payment()), json.dumps(header), algs=["RSA-OAEP-256", "A256GCM"])
    sealed.add_recipient(jwk.JWK(**key))
    proof = running.partner.proof("POST", url, running.tokens.access_token)
    fields = {"authorization": f"DPoP {running.tokens.access_token}", "dpop": proof, "content-type": "application/jose"}
    return http.post(url, content=sealed.serialize(compact=True), headers=fields)


def pay_until_sealed(http: Any, running: Running, key: dict[str, str]) -> Any:
    """Each worker learns of new ids of ours within seconds."""
    until = time.monotonic() + 30
    while (answer := pay_sealed(http, running, key)).status_code != 201:
        assert time.monotonic() < until, answer.text
        assert reason(answer) in NOT_YET, answer.text
        time.sleep(0.2)
    assert answer.headers["content-type"] == "application/jose"
    return answer


def opened(answer: Any, key: jwk.JWK) -> str:
    made = jwe.JWE(algs=["RSA-OAEP-256", "ECDH-ES+A256KW", "A256GCM"])
    made.deserialize(answer.text, key)
    return str(json.loads(made.payload)["Data"]["DomesticPaymentId"])


def register(running: Running, key: jwk.JWK) -> None:
    registration = running.partner.registration
    signing = registration.assertion_key.as_dict(private=False)
    keys = [{**signing, "kid": registration.assertion_key.thumbprint()}, json.loads(key.export_public())]
    running.management._call("POST", f"/clients/{registration.client_id}/keys", {"jwks": {"keys": keys}})
