"""fapi2-security-profile-final-par-… and …-ensure-…: pushed requests that are refused, and `request_uri`s that are spent or foreign."""

import pytest

from ringfence.demo.customer import LOGIN_FORM
from ringfence.demo.partner import Unexpected
from tests.conformance.edge.conftest import Stale
from tests.conformance.edge.partner import PAR, Partner

pytestmark = pytest.mark.flow

URN = "urn:ietf:params:oauth:request_uri:"


def refused(answer, *codes: str) -> None:
    assert answer.status_code == (401 if answer.json()["error"] == "invalid_client" else 400), answer.text
    assert answer.json()["error"] in codes
    assert answer.headers["cache-control"] == "no-store"


def shows_a_page(partner: Partner, url: str) -> None:
    """The customer sees what is wrong; nobody is sent anywhere."""
    answer = partner.running.http.get(url)
    assert answer.status_code == 400
    assert "location" not in answer.headers
    assert 'role="alert"' in answer.text


def test_ensure_request_object_without_redirect_uri_fails(partner: Partner) -> None:
    refused(partner.push(redirect_uri=None), "invalid_request", "invalid_request_object")


def test_ensure_redirect_uri_in_authorization_request(partner: Partner) -> None:
    refused(partner.push(redirect_uri=None), "invalid_request", "invalid_request_object")
    refused(partner.push(redirect_uri=""), "invalid_request", "invalid_request_object")


def test_plain_fapi_tolerate_unregistered_redirect_uri(partner: Partner) -> None:
    # RFC 9126 §2.4 lets a server take it; this one does not
    refused(partner.push(redirect_uri="https://unregistered.example/callback"), "invalid_request")


def test_ensure_registered_redirect_uri(partner: Partner) -> None:
    refused(partner.push(redirect_uri=partner.redirect_uri + "/more"), "invalid_request")


def test_ensure_unsigned_authorization_request_without_using_par_fails(partner: Partner) -> None:
    answer = partner.running.http.get(
        partner.running.metadata["authorization_endpoint"],
        params={name: str(value) for name, value in partner.asked("v" * 43).items()},
    )
    assert answer.status_code == 400
    assert "location" not in answer.headers
    assert "text/html" in answer.headers["content-type"]


def test_ensure_response_type_code_idtoken_fails(partner: Partner) -> None:
    for asked in ("code id_token", "id_token code"):
        answer = partner.push(response_type=asked)
        refused(answer, "unsupported_response_type", "invalid_request", "unauthorized_client")


def test_ensure_response_type_token_fails(partner: Partner) -> None:
    answer = partner.push(response_type="token")
    refused(answer, "unsupported_response_type", "invalid_request", "unauthorized_client")


def test_par_ensure_reused_request_uri_prior_to_auth_completion_succeeds(partner: Partner) -> None:
    flow = partner.begin()
    first, second = partner.running.browser(), partner.running.browser()
    assert LOGIN_FORM in first.open(partner.address(flow.request_uri)).forms
    assert LOGIN_FORM in second.open(partner.address(flow.request_uri)).forms
    assert "code" in partner.answer(partner.visit(flow).came_back)


def test_par_attempt_reuse_request_uri(partner: Partner) -> None:
    flow = partner.visit(partner.begin())
    shows_a_page(partner, partner.address(flow.request_uri))
    with pytest.raises(Unexpected):
        partner.running.customer.open(partner.address(flow.request_uri))


def test_par_attempt_to_use_expired_request_uri(stale: Stale) -> None:
    shows_a_page(stale.partner, stale.partner.address(stale.pushed.request_uri))


def test_par_attempt_to_use_request_uri_for_different_client(partner: Partner, other: Partner) -> None:
    shows_a_page(other, other.address(partner.begin().request_uri))


def test_par_authorization_request_containing_request_uri_form_param(partner: Partner) -> None:
    answer = partner.push(outside={"request_uri": partner.begin().request_uri})
    refused(answer, "invalid_request", "invalid_request_object", "request_uri_not_supported")


def test_par_authorization_request_containing_request_uri(partner: Partner) -> None:
    answer = partner.push(request_uri=partner.begin().request_uri)
    refused(answer, "invalid_request", "invalid_request_object", "request_uri_not_supported")


def test_par_attempt_invalid_http_method(partner: Partner) -> None:
    url = partner.endpoint(PAR)
    answer = partner.http(url).put(url, data=partner.authenticated(partner.pushed_form(partner.asked("v" * 43))))
    assert answer.status_code == 405


def test_par_ensure_pkce_required(partner: Partner) -> None:
    refused(partner.push(code_challenge=None, code_challenge_method=None), "invalid_request", "invalid_request_object")


def test_par_plain_pkce_rejected(partner: Partner) -> None:
    refused(partner.push(code_challenge="v" * 43, code_challenge_method="plain"), "invalid_request")
    refused(partner.push(code_challenge="v" * 43, code_challenge_method=None), "invalid_request")


def test_ensure_mismatched_dpop_jkt_fails(partner: Partner, other: Partner) -> None:
    refused(partner.push(proof=True, dpop_jkt=other.dpop.thumbprint()), "invalid_request", "invalid_dpop_proof")
