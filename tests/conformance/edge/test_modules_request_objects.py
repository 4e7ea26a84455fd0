"""fapi2-message-signing-final-…: signed requests.  RFC 9101; FAPI 2.0 Message Signing §5.3.1."""

import time

import pytest
from jwcrypto.jwk import JWK

from tests.conformance.edge.partner import PAR, Partner, b64

pytestmark = pytest.mark.flow

MINUTE = 60


def push(partner: Partner, request: str):
    return partner.post(PAR, {"client_id": partner.client_id, "request": request})


def signed(partner: Partner, **changes) -> str:
    return partner.request_object(partner.asked("v" * 43), **changes)


def refused(partner: Partner, request: str, *codes: str) -> None:
    answer = push(partner, request)
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"] in (codes or ("invalid_request_object",))


def test_ensure_request_object_with_multiple_aud_succeeds(partner: Partner) -> None:
    answer = push(partner, signed(partner, aud=[partner.running.issuer, "https://elsewhere.example"]))
    assert answer.status_code == 201, answer.text


def test_ensure_request_object_without_exp_fails(partner: Partner) -> None:
    refused(partner, signed(partner, exp=None))


def test_ensure_request_object_without_nbf_fails(partner: Partner) -> None:
    refused(partner, signed(partner, nbf=None))


def test_ensure_expired_request_object_fails(partner: Partner) -> None:
    now = int(time.time())
    refused(partner, signed(partner, nbf=now - 10 * MINUTE, exp=now - 5 * MINUTE))


def test_ensure_request_object_with_bad_aud_fails(partner: Partner) -> None:
    refused(partner, signed(partner, aud="https://elsewhere.example"))
    refused(partner, signed(partner, aud=partner.endpoint(PAR)))


def test_ensure_request_object_with_exp_over_60_fails(partner: Partner) -> None:
    refused(partner, signed(partner, exp=int(time.time()) + 70 * MINUTE))


def test_ensure_request_object_with_nbf_over_60_fails(partner: Partner) -> None:
    refused(partner, signed(partner, nbf=int(time.time()) - 70 * MINUTE))


def test_ensure_request_object_with_nbf_8_seconds_in_the_future_is_accepted(partner: Partner) -> None:
    answer = push(partner, signed(partner, nbf=int(time.time()) + 8))
    assert answer.status_code == 201, answer.text


def test_ensure_signed_request_object_with_rs256_fails(partner: Partner) -> None:
    refused(partner, signed(partner, key=JWK.generate(kty="RSA", size=2048), algorithm="RS256"))


def test_ensure_request_object_signature_algorithm_is_not_none(partner: Partner) -> None:
    _, payload, signature = signed(partner).split(".")
    header = b64(b'{"alg":"none","typ":"oauth-authz-req+jwt"}')
    refused(partner, f"{header}.{payload}.")
    refused(partner, f"{header}.{payload}.{signature}")


def test_ensure_request_object_with_invalid_signature_fails(partner: Partner) -> None:
    header, payload, signature = signed(partner).split(".")
    refused(partner, f"{header}.{payload}.{'A' * len(signature)}")


def test_ensure_matching_key_in_authorization_request(partner: Partner, other: Partner) -> None:
    refused(partner, signed(partner, key=other.key), "invalid_request_object", "invalid_request")


def test_ensure_unsigned_request_at_par_endpoint_fails(partner: Partner) -> None:
    form = partner.asked("v" * 43)
    form.pop("authorization_details", None)
    answer = partner.post(PAR, form)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
