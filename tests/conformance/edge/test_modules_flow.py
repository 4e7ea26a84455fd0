"""fapi2-security-profile-final-…: what must work from the pushed request to the resource, and what the browser cannot change."""

import json

import pytest
from jwcrypto.jwk import JWK

from ringfence.demo.customer import ALLOW_BUTTON, CONSENT_FORM
from tests.conformance.edge.partner import TRANSFER, Partner, verified
from tests.conformance.edge.variants import Variant

pytestmark = pytest.mark.flow

INTERACTION = "7f3c1a52-0a5e-4a52-9c0b-5f9d1c2e8a11"


def test_happy_flow(partner: Partner, other: Partner, variant: Variant) -> None:
    first = check_first_client(partner)
    second = check_second_client(other)
    # the key or certificate of the first client with the token of the second
    stolen = {"proofs": [partner.proof(partner.resource, "GET", second)]} if variant.constrain == "dpop" else {}
    assert partner.call(second, **stolen).status_code in (400, 401)
    query = partner.http(partner.resource).get(f"{partner.resource}?access_token={first}")
    assert query.status_code in (400, 401)


def check_first_client(partner: Partner) -> str:
    if partner.variant.own:
        return check_resource(partner, partner.tokens())
    pushed = partner.push()
    assert pushed.headers["cache-control"] == "no-store"
    assert 0 < pushed.json()["expires_in"] < 600
    flow = partner.visit(partner.begin())
    assert partner.answer(flow.came_back)["state"] == flow.state
    answer = partner.token(partner.redemption(flow))
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    if partner.variant.openid:
        claims = verified(body["id_token"], partner.running)
        assert (claims["iss"], claims["aud"]) == (partner.running.issuer, partner.client_id)
        assert claims["nonce"] == flow.asked["nonce"]
    else:
        assert "id_token" not in body
    return check_resource(partner, body)


def check_second_client(partner: Partner) -> str:
    """Its redirect URI has a query, its parameters another order, its state 128 characters, its key no proof at PAR."""
    if partner.variant.own:
        return check_resource(partner, partner.tokens())
    more = {"dpop_jkt": partner.dpop.thumbprint()} if partner.variant.constrain == "dpop" else {}
    flow = partner.begin(state="s" * 128, **more)
    reordered = dict(reversed(partner.asked(flow.verifier, state="s" * 128, **more).items()))
    pushed = partner.post("pushed_authorization_request_endpoint", partner.pushed_form(reordered))
    assert pushed.status_code == 201, pushed.text
    flow.request_uri = pushed.json()["request_uri"]
    partner.visit(flow)
    answered = partner.answer(flow.came_back)
    assert set(answered) == {"code", "state"}
    assert answered["state"] == "s" * 128
    answer = partner.token(partner.redemption(flow))
    assert answer.status_code == 200, answer.text
    return check_resource(partner, answer.json())


def check_resource(partner: Partner, body: dict) -> str:
    """The token is bound as its variant says, and opens the resource, which tells the time and the interaction's id."""
    assert body["token_type"] == ("DPoP" if partner.variant.constrain == "dpop" else "Bearer")
    token = str(body["access_token"])
    claims = verified(token, partner.running)
    confirmation = "jkt" if partner.variant.constrain == "dpop" else "x5t#S256"
    assert set(claims["cnf"]) == {confirmation}
    assert claims["client_id"] == partner.client_id
    assert (claims["sub"] == partner.client_id) is partner.variant.own
    if partner.variant.rar:
        assert claims["authorization_details"] == body["authorization_details"] == [TRANSFER]
    answer = partner.call(token, headers={"x-fapi-interaction-id": INTERACTION, "accept": "application/json"})
    assert answer.status_code == 200, answer.text
    assert "date" in answer.headers
    assert answer.headers.get("x-fapi-interaction-id", INTERACTION) == INTERACTION
    return token


def test_user_rejects_authentication(partner: Partner, other: Partner) -> None:
    for one in (partner, other):
        flow = one.begin()
        customer = one.running.customer
        page = customer.log_in(customer.open(one.address(flow.request_uri)))
        back = customer._browser.submit(page, page.forms[CONSENT_FORM], {}, "deny")
        answer = one.answer(back.url)
        assert answer.pop("error_description", "")
        assert answer == {"error": "access_denied", "state": flow.state}


def test_ensure_authorization_request_without_state_success(partner: Partner) -> None:
    flow = partner.visit(partner.begin(state=None))
    assert set(partner.answer(flow.came_back)) == {"code"}
    body = partner.token(partner.redemption(flow)).json()
    if partner.variant.openid:
        assert "s_hash" not in verified(body["id_token"], partner.running)


def nonce_of(partner: Partner, nonce: str | None) -> str | None:
    return verified(partner.tokens(nonce=nonce)["id_token"], partner.running).get("nonce")


def test_ensure_authorization_request_without_nonce_success(partner: Partner) -> None:
    assert nonce_of(partner, None) is None


def test_ensure_authorization_request_with_64_char_nonce_success(partner: Partner) -> None:
    assert nonce_of(partner, "n" * 64) == "n" * 64


def test_ensure_authorization_request_with_long_nonce(partner: Partner) -> None:
    assert nonce_of(partner, "n" * 384) == "n" * 384


def test_ensure_authorization_request_with_long_state(partner: Partner) -> None:
    assert partner.answer(partner.visit(partner.begin(state="s" * 1000)).came_back)["state"] == "s" * 1000


def test_ensure_other_scope_order_succeeds(partner: Partner) -> None:
    assert "id_token" in partner.tokens(scope="accounts openid")


def test_claims_parameter_identity_claims(partner: Partner) -> None:
    # the suite runs it only where the parameter is supported; where it is not, it has to be ignored
    assert partner.running.metadata["claims_parameter_supported"] is False
    asked = {"id_token": {"email": {"essential": True}}}
    claims = asked if partner.variant.signed else json.dumps(asked)
    body = partner.tokens(claims=claims)
    assert "email" not in verified(body["id_token"], partner.running)


def test_ensure_different_nonce_inside_and_outside_request_object(partner: Partner) -> None:
    flow = partner.begin()
    partner.visit(flow, nonce="outside")
    body = partner.token(partner.redemption(flow)).json()
    assert verified(body["id_token"], partner.running)["nonce"] == flow.asked["nonce"]


def test_ensure_different_state_inside_and_outside_request_object(partner: Partner) -> None:
    flow = partner.begin()
    assert partner.answer(partner.visit(flow, state="outside").came_back)["state"] == flow.state


def test_state_only_outside_request_object_not_used(partner: Partner) -> None:
    flow = partner.begin(state=None, outside={"state": "outside"} if partner.variant.signed else None)
    partner.visit(flow, state="outside", redirect_uri="https://evil.example/", scope="payments")
    assert set(partner.answer(flow.came_back)) == {"code"}


def test_par_without_duplicate_parameters(partner: Partner) -> None:
    flow = partner.begin()
    page = partner.running.customer.open(partner.address(flow.request_uri))
    assert CONSENT_FORM in page.forms
    assert ALLOW_BUTTON in page.forms[CONSENT_FORM].buttons


def test_access_token_type_header_case_sensitivity(partner: Partner) -> None:
    token = partner.tokens()["access_token"]
    usual = "DPoP" if partner.variant.constrain == "dpop" else "Bearer"
    assert partner.call(token, scheme=usual.swapcase()).status_code == 200


def test_refresh_token(partner: Partner, other: Partner) -> None:
    body = partner.tokens()
    form = {"grant_type": "refresh_token", "refresh_token": body["refresh_token"]}
    fresh = JWK.generate(kty="EC", crv="P-256")
    if partner.variant.constrain == "dpop":
        proof = partner.proof(partner.endpoint("token_endpoint"), key=fresh, algorithm="ES256")
        again = partner.token(form, proof=proof)
    else:
        again = partner.token(form)
    assert again.status_code == 200, again.text
    assert again.headers["cache-control"] == "no-store"
    assert again.json().get("refresh_token", body["refresh_token"]) == body["refresh_token"]
    token = again.json()["access_token"]
    proofs = [partner.proof(partner.resource, "GET", token, fresh, "ES256")]
    dpop = partner.variant.constrain == "dpop"
    assert partner.call(token, proofs=proofs if dpop else None).status_code == 200
    assert partner.token(form).status_code == 200, "the same token goes on working"
    stolen = other.token(form)
    assert (stolen.status_code, stolen.json()["error"]) == (400, "invalid_grant")
    without = partner.http(partner.endpoint("token_endpoint"))
    if partner.variant.auth == "private_key_jwt":
        answer = without.post(partner.endpoint("token_endpoint"), data=form | {"client_id": partner.client_id})
        assert answer.json()["error"] == "invalid_client"
    if dpop:
        assert partner.token(form, proof=None).json()["error"] == "invalid_dpop_proof"
