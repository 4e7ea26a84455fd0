"""fapi2-security-profile-final-…: the modules that need a few lines each, and a list of all that have a test."""

import ast
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

CALLBACK = "https://partner.example/callback"
URN = "urn:ietf:params:oauth:request_uri:"

MODULES = """\
access-token-type-header-case-sensitivity
attempt-reuse-authorization-code-after-one-second
check-dpop-proof-nbf-exp
discovery-end-point-verification
dpop-negative-tests
ensure-authorization-code-is-bound-to-client
ensure-authorization-request-with-64-char-nonce-success
ensure-authorization-request-with-long-nonce
ensure-authorization-request-with-long-state
ensure-authorization-request-without-nonce-success
ensure-authorization-request-without-state-success
ensure-client-assertion-in-token-endpoint
ensure-client-assertion-with-exp-is-5-minutes-in-past-fails
ensure-client-assertion-with-no-sub-fails
ensure-client-assertion-with-wrong-aud-fails
ensure-client-id-in-token-endpoint
ensure-different-nonce-inside-and-outside-request-object
ensure-different-state-inside-and-outside-request-object
ensure-dpop-auth-code-binding-success
ensure-dpopproof-at-par-endpoint-binding-success
ensure-dpopproof-with-iat-10seconds-after-succeeds
ensure-dpopproof-with-iat-10seconds-before-succeeds
ensure-expired-request-object-fails
ensure-holder-of-key-required
ensure-matching-key-in-authorization-request
ensure-mismatched-dpop-jkt-fails
ensure-other-scope-order-succeeds
ensure-pkce-code-verifier-required
ensure-redirect-uri-in-authorization-request
ensure-registered-redirect-uri
ensure-request-object-signature-algorithm-is-not-none
ensure-request-object-with-bad-aud-fails
ensure-request-object-with-exp-over-60-fails
ensure-request-object-with-invalid-signature-fails
ensure-request-object-with-multiple-aud-succeeds
ensure-request-object-with-nbf-8-seconds-in-the-future-is-accepted
ensure-request-object-with-nbf-over-60-fails
ensure-request-object-without-exp-fails
ensure-request-object-without-nbf-fails
ensure-request-object-without-redirect-uri-fails
ensure-response-type-code-idtoken-fails
ensure-response-type-token-fails
ensure-signed-client-assertion-with-rs256-fails
ensure-signed-request-object-with-rs256-fails
ensure-token-endpoint-fails-with-expired-auth-code
ensure-token-endpoint-fails-with-mismatched-dpop-jkt
ensure-token-endpoint-fails-with-mismatched-dpop-proof-jkt
ensure-unsigned-authorization-request-without-using-par-fails
ensure-unsigned-request-at-par-endpoint-fails
happy-flow
incorrect-pkce-code-verifier-rejected
par-attempt-invalid-http-method
par-attempt-reuse-request-uri
par-attempt-to-use-expired-request-uri
par-attempt-to-use-request-uri-for-different-client
par-authorization-request-containing-request-uri
par-authorization-request-containing-request-uri-form-param
par-ensure-jwt-client-assertions-nbf-8-seconds-in-the-future-is-accepted
par-ensure-jwt-client-assertions-nbf-over-60-seconds-in-the-future-fails
par-ensure-pkce-required
par-ensure-reused-request-uri-prior-to-auth-completion-succeeds
par-plain-pkce-rejected
par-test-array-as-audience-fails
par-test-par-endpoint-url-as-audience-fails
par-test-token-endpoint-url-as-audience-fails
par-without-duplicate-parameters
plain-fapi-tolerate-unregistered-redirect-uri
refresh-token
state-only-outside-request-object-not-used
test-claims-parameter-identity-claims
user-rejects-authentication
"""
"""Of both plans, a line each, without their prefixes."""


def test_every_module_has_a_test_of_its_name():
    files = Path(__file__).parent.glob("test_*.py")
    nodes = (node for file in files for node in ast.walk(ast.parse(file.read_text())))
    named = {node.name for node in nodes if isinstance(node, ast.AsyncFunctionDef)}
    missing = [
        module
        for module in MODULES.splitlines()
        if "test_" + module.replace("-", "_").removeprefix("test_") not in named
    ]
    assert missing == []


def answer_of(location: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


async def refused(answer, *codes: str) -> None:
    assert answer.status_code == (401 if answer.json()["error"] == "invalid_client" else 400), answer.text
    assert answer.json()["error"] in codes


async def nonce_of(bank, nonce: str) -> str:
    return bank.claims((await bank.partner.tokens(nonce=nonce))["id_token"])["nonce"]


async def test_ensure_authorization_request_with_64_char_nonce_success(bank):
    assert await nonce_of(bank, "n" * 64) == "n" * 64


async def test_ensure_authorization_request_with_long_nonce(bank):
    assert await nonce_of(bank, "n" * 384) == "n" * 384


async def test_ensure_authorization_request_with_long_state(bank):
    uri = await bank.partner.pushed_uri(state="s" * 1000)
    assert answer_of(await bank.browser().authorize(bank.partner.client_id, uri))["state"] == "s" * 1000


async def test_claims_parameter_identity_claims(bank):
    # the module runs only where the parameter is supported; where it is not, it has to be ignored
    found = (await bank.http.get("/.well-known/openid-configuration")).json()
    assert found["claims_parameter_supported"] is False
    body = await bank.partner.tokens(claims='{"id_token":{"email":{"essential":true}}}')
    assert "email" not in bank.claims(body["id_token"])


@pytest.mark.parametrize("seconds", [-10])
async def test_ensure_dpopproof_with_iat_10seconds_before_succeeds(bank, seconds):
    await _with_proofs_of(bank, int(bank.clock.now) + seconds)


@pytest.mark.parametrize("seconds", [8, 10])
async def test_ensure_dpopproof_with_iat_10seconds_after_succeeds(bank, seconds):
    await _with_proofs_of(bank, int(bank.clock.now) + seconds)


async def _with_proofs_of(bank, at: int) -> None:
    partner = bank.partner
    pushed = await partner.post("/oauth/par", partner.request(), {"dpop": partner.proof("/oauth/par", iat=at)})
    assert pushed.status_code == 201, pushed.text
    location = await bank.browser().authorize(partner.client_id, pushed.json()["request_uri"])
    proof = partner.proof("/oauth/token", iat=at)
    token = await partner.token(partner.redemption(answer_of(location)["code"]), proof)
    assert token.status_code == 200, token.text
    assert (await partner.userinfo(token.json()["access_token"], iat=at)).status_code == 200


async def test_ensure_dpop_auth_code_binding_success(bank):
    partner = bank.partner
    assert (await partner.tokens(dpop_jkt=partner.dpop.thumbprint()))["token_type"] == "DPoP"


async def test_ensure_token_endpoint_fails_with_mismatched_dpop_proof_jkt(bank):
    partner = bank.partner
    code = await partner.code(proof=True)
    answer = await partner.token(partner.redemption(code), partner.proof("/oauth/token", key=bank.other.dpop))
    await refused(answer, "invalid_request", "invalid_grant", "invalid_dpop_proof")


async def test_ensure_redirect_uri_in_authorization_request(bank):
    await refused(await bank.partner.push(redirect_uri=None), "invalid_request", "invalid_request_object")


async def test_ensure_registered_redirect_uri(bank):
    await refused(await bank.partner.push(redirect_uri=CALLBACK + "/other"), "invalid_request")


async def test_plain_fapi_tolerate_unregistered_redirect_uri(bank):
    # RFC 9126 §2.4 lets a server take it; this one does not
    await refused(await bank.partner.push(redirect_uri="https://partner.example/unregistered"), "invalid_request")


@pytest.mark.parametrize("asked", ["code id_token", "id_token code"])
async def test_ensure_response_type_code_idtoken_fails(bank, asked):
    answer = await bank.partner.push(response_type=asked)
    await refused(answer, "unsupported_response_type", "invalid_request", "unauthorized_client")


async def test_ensure_response_type_token_fails(bank):
    answer = await bank.partner.push(response_type="token")
    await refused(answer, "unsupported_response_type", "invalid_request", "unauthorized_client")


async def _redeemed(bank, assertion: str | None):
    partner = bank.partner
    form = partner.redemption(await partner.code()) | {"client_assertion": assertion, "client_id": partner.client_id}
    if assertion is None:
        form["client_assertion_type"] = None
    return await partner.token(form)


async def test_ensure_client_assertion_in_token_endpoint(bank):
    await refused(await _redeemed(bank, None), "invalid_client")


async def test_ensure_client_assertion_with_exp_is_5_minutes_in_past_fails(bank):
    now = int(bank.clock.now)
    await refused(await _redeemed(bank, bank.partner.assertion(iat=now - 360, exp=now - 300)), "invalid_client")


@pytest.mark.parametrize("aud", ["https://elsewhere.example", "https://bank.example/oauth/token", None])
async def test_ensure_client_assertion_with_wrong_aud_fails(bank, aud):
    await refused(await _redeemed(bank, bank.partner.assertion(aud=aud)), "invalid_client")


async def test_ensure_client_assertion_with_no_sub_fails(bank):
    await refused(await _redeemed(bank, bank.partner.assertion(sub=None)), "invalid_client")


async def _pushed(bank, **claims):
    assertion = bank.partner.assertion(**claims)
    return await bank.partner.post("/oauth/par", bank.partner.request() | {"client_assertion": assertion})


@pytest.mark.parametrize("name", ["nbf", "iat"])
async def test_par_ensure_jwt_client_assertions_nbf_over_60_seconds_in_the_future_fails(bank, name):
    await refused(await _pushed(bank, **{name: int(bank.clock.now) + 62}), "invalid_client")


@pytest.mark.parametrize("more", [[], ["https://bank.example/oauth/par"]])
async def test_par_test_array_as_audience_fails(bank, more):
    await refused(await _pushed(bank, aud=["https://bank.example", *more]), "invalid_client")


async def test_par_test_par_endpoint_url_as_audience_fails(bank):
    await refused(await _pushed(bank, aud="https://bank.example/oauth/par"), "invalid_client")


async def test_par_test_token_endpoint_url_as_audience_fails(bank):
    await refused(await _pushed(bank, aud="https://bank.example/oauth/token"), "invalid_client")


async def test_par_authorization_request_containing_request_uri_form_param(bank):
    answer = await bank.partner.push(request_uri=URN + "x")
    await refused(answer, "invalid_request", "invalid_request_object", "request_uri_not_supported")


async def test_par_ensure_pkce_required(bank):
    await refused(await bank.partner.push(code_challenge=None, code_challenge_method=None), "invalid_request")


async def test_par_plain_pkce_rejected(bank):
    challenge = bank.partner.verifier
    answer = await bank.partner.push(code_challenge=challenge, code_challenge_method="plain")
    await refused(answer, "invalid_request")


async def test_ensure_pkce_code_verifier_required(bank):
    code = await bank.partner.code()
    await refused(await bank.partner.token(bank.partner.redemption(code, code_verifier=None)), "invalid_grant")


async def test_incorrect_pkce_code_verifier_rejected(bank):
    code = await bank.partner.code()
    await refused(await bank.partner.token(bank.partner.redemption(code, code_verifier="w" * 43)), "invalid_grant")


async def test_par_without_duplicate_parameters(bank):
    uri = await bank.partner.pushed_uri()
    page = await bank.browser().visit(bank.partner.client_id, uri)
    assert page.is_login


async def test_an_authorization_request_may_be_posted(bank):
    """OpenID Connect Core §3.1.2.1; the form comes from another site, so without our cookies."""
    partner, browser = bank.partner, bank.browser()
    await browser.consent_page(partner.client_id, await partner.pushed_uri())
    form = {"client_id": partner.client_id, "request_uri": await partner.pushed_uri(), "state": "outside"}
    answer = await bank.client("198.51.100.7").post("/oauth/authorize", data=form)
    assert answer.status_code == 303
    assert "set-cookie" not in answer.headers
    assert "outside" not in answer.headers["location"]
    page = await browser.follow(answer)
    assert page.is_consent
    wrong = await bank.http.post("/oauth/authorize", data=form | {"client_id": "client_two"})
    assert wrong.status_code == 400
    assert "location" not in wrong.headers


async def test_refreshed_tokens_come_with_an_id_token_of_the_same_login(bank):
    """OpenID Connect Core §12.2."""
    body = await bank.partner.tokens()
    first = bank.claims(body["id_token"])
    bank.clock.forward(100)
    form = {"grant_type": "refresh_token", "refresh_token": body["refresh_token"]}
    again = bank.claims((await bank.partner.token(form)).json()["id_token"])
    assert {name: again[name] for name in ("iss", "sub", "aud", "auth_time")} == {
        name: first[name] for name in ("iss", "sub", "aud", "auth_time")
    }
    assert again["iat"] == first["iat"] + 100
    assert "nonce" not in again
    narrow = await bank.partner.token(form | {"scope": "accounts"})
    assert "id_token" not in narrow.json()
