"""fapi2-security-profile-final-…: what a client authenticates with.  RFC 7523 §3; FAPI 2.0 SP §5.3.2.1-8."""

import time

import pytest
from jwcrypto.jwk import JWK

from tests.conformance.edge.partner import PAR, Partner

pytestmark = pytest.mark.flow


def refused(answer, *codes: str) -> None:
    assert answer.json()["error"] in (codes or ("invalid_client",)), answer.text
    assert answer.status_code == (401 if answer.json()["error"] == "invalid_client" else 400)


def redeemed(partner: Partner, assertion: str | None, **more: str | None):
    return partner.token({**partner.fresh_form(), "client_assertion": assertion, **more})


def pushed(partner: Partner, **claims):
    form = partner.pushed_form(partner.asked("v" * 43)) | {"client_assertion": partner.assertion(**claims)}
    return partner.post(PAR, form)


def test_ensure_signed_client_assertion_with_rs256_fails(partner: Partner) -> None:
    key = partner.key
    if key["kty"] != "RSA":
        key = JWK.generate(kty="RSA", size=2048)
    else:
        key = JWK(**{name: value for name, value in key.export(as_dict=True).items() if name != "alg"})
    refused(redeemed(partner, partner.assertion(key, "RS256")))


def test_ensure_client_assertion_in_token_endpoint(partner: Partner) -> None:
    answer = redeemed(partner, None, client_assertion_type=None, client_id=partner.client_id)
    refused(answer, "invalid_client", "invalid_request")


def test_ensure_client_assertion_with_exp_is_5_minutes_in_past_fails(partner: Partner) -> None:
    now = int(time.time())
    refused(redeemed(partner, partner.assertion(iat=now - 360, exp=now - 300)))


def test_ensure_client_assertion_with_wrong_aud_fails(partner: Partner) -> None:
    for aud in ("https://elsewhere.example", None):
        refused(redeemed(partner, partner.assertion(aud=aud)))


def test_ensure_client_assertion_with_no_sub_fails(partner: Partner) -> None:
    refused(redeemed(partner, partner.assertion(sub=None)))


def test_par_ensure_jwt_client_assertions_nbf_8_seconds_in_the_future_is_accepted(partner: Partner) -> None:
    at = int(time.time()) + 8
    answer = pushed(partner, nbf=at, iat=at)
    assert answer.status_code == 201, answer.text


def test_par_ensure_jwt_client_assertions_nbf_over_60_seconds_in_the_future_fails(partner: Partner) -> None:
    at = int(time.time()) + 62
    refused(pushed(partner, nbf=at))
    refused(pushed(partner, iat=at, exp=at + 60))


def test_par_test_array_as_audience_fails(partner: Partner) -> None:
    issuer = partner.running.issuer
    refused(pushed(partner, aud=[issuer]))
    refused(pushed(partner, aud=[issuer, partner.endpoint(PAR)]))


def test_par_test_par_endpoint_url_as_audience_fails(partner: Partner) -> None:
    refused(pushed(partner, aud=partner.endpoint(PAR)))


def test_par_test_token_endpoint_url_as_audience_fails(partner: Partner) -> None:
    refused(pushed(partner, aud=partner.endpoint("token_endpoint")))
