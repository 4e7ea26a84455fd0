"""fapi2-security-profile-final-par-… and what a pushed request must and must not hold."""

import pytest

CALLBACK = "https://partner.example/callback"


async def refused(bank, *codes: str, **changes) -> None:
    answer = await bank.partner.push(**changes)
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"] in codes
    assert answer.json()["correlation_id"]
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),  # par-ensure-pkce-required
        ({"code_challenge_method": "plain"}, "invalid_request"),  # par-plain-pkce-rejected
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"request_uri": "urn:ietf:params:oauth:request_uri:x"}, "invalid_request"),
        ({"request": "e30.e30."}, "invalid_request_object"),
        ({"authorization_details": "[]"}, "invalid_authorization_details"),
        ({"redirect_uri": None}, "invalid_request"),
        ({"redirect_uri": "https://elsewhere.example/callback"}, "invalid_request"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"response_type": "code token"}, "unsupported_response_type"),
        ({"response_type": None}, "invalid_request"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"scope": None}, "invalid_scope"),
        ({"scope": "accounts admin"}, "invalid_scope"),
        ({"dpop_jkt": "not a thumbprint"}, "invalid_request"),
        ({"state": "s" * 2049}, "invalid_request"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"client_id": "client_two"}, "invalid_client"),
    ],
)
async def test_refused_requests(bank, changes, code):
    answer = await bank.partner.push(**changes)
    assert answer.status_code == (401 if code == "invalid_client" else 400)
    assert answer.json()["error"] == code
    assert not bank.events.seen[-1].allowed


async def test_par_attempt_invalid_http_method(bank):
    answer = await bank.http.put("/oauth/par", data=bank.partner.request())
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"


async def test_ensure_mismatched_dpop_jkt_fails(bank):
    await refused(bank, "invalid_request", "invalid_dpop_proof", proof=True, dpop_jkt=bank.other.dpop.thumbprint())


async def test_ensure_dpopproof_at_par_endpoint_binding_success(bank):
    for changes in ({"proof": True}, {"proof": True, "dpop_jkt": bank.partner.dpop.thumbprint()}):
        body = await bank.partner.tokens(**changes)
        assert body["token_type"] == "DPoP"


@pytest.mark.parametrize("seconds", [-10, 8])
async def test_ensure_dpopproof_with_iat_nearby_succeeds(bank, seconds):
    partner = bank.partner
    at = int(bank.clock.now) + seconds
    pushed = await partner.post("/oauth/par", partner.request(), {"dpop": partner.proof("/oauth/par", iat=at)})
    assert pushed.status_code == 201, pushed.text
    location = await bank.browser().authorize(partner.client_id, pushed.json()["request_uri"])
    code = location.partition("code=")[2].partition("&")[0]
    token = await partner.token(partner.redemption(code), partner.proof("/oauth/token", iat=at))
    assert token.status_code == 200, token.text


@pytest.mark.parametrize("changes", [{"nbf": 1, "exp": 60}, {"unknown": {"a": [1]}}])
async def test_check_dpop_proof_nbf_exp_and_unknown_claims(bank, changes):
    partner = bank.partner
    claims = {k: int(bank.clock.now) + v if isinstance(v, int) else v for k, v in changes.items()}
    proof = partner.proof("/oauth/par", header={"unknown": "member"}, **claims)
    answer = await partner.post("/oauth/par", partner.request(), {"dpop": proof})
    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": ["https://bank.example", "https://bank.example/oauth/par"]},  # par-test-array-as-audience-fails
        {"aud": ["https://bank.example"]},
        {"aud": "https://bank.example/oauth/par"},  # par-endpoint-url-as-audience
        {"aud": "https://bank.example/oauth/token"},  # token-endpoint-url-as-audience
        {"aud": "https://bank.example/"},
        {"exp": 1_800_000_000 - 300},  # exp-is-5-minutes-in-past
        {"nbf": 1_800_000_000 + 62},  # nbf-over-60-seconds
        {"sub": None},  # with-no-sub
        {"sub": "client_two"},
        {"iss": None},
        {"jti": None},
        {"exp": None},
    ],
)
async def test_assertions_that_fail(bank, changes):
    form = bank.partner.request() | {"client_assertion": bank.partner.assertion(**changes)}
    answer = await bank.partner.post("/oauth/par", form)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


async def test_par_ensure_jwt_client_assertions_nbf_8_seconds_in_the_future_is_accepted(bank):
    assertion = bank.partner.assertion(nbf=int(bank.clock.now) + 8, iat=int(bank.clock.now) + 8)
    answer = await bank.partner.post("/oauth/par", bank.partner.request() | {"client_assertion": assertion})
    assert answer.status_code == 201, answer.text


async def test_ensure_signed_client_assertion_with_rs256_fails(bank):
    from jwcrypto.jwk import JWK  # noqa: PLC0415 - only here

    key = JWK.generate(kty="RSA", size=2048, kid="rsa")
    assertion = bank.partner.assertion(key, {"alg": "RS256", "kid": bank.partner.key.kid})
    answer = await bank.partner.post("/oauth/par", bank.partner.request() | {"client_assertion": assertion})
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


async def test_par_authorization_request_containing_duplicate_parameters(bank):
    from urllib.parse import urlencode  # noqa: PLC0415 - only here

    form = bank.partner.authenticated(bank.partner.request())
    body = urlencode([*form.items(), ("scope", "payments")])
    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer = await bank.http.post("/oauth/par", content=body, headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_par_ensure_reused_request_uri_prior_to_auth_completion_succeeds(bank):
    request_uri = await bank.partner.pushed_uri()
    first, second = bank.browser(), bank.browser()
    assert (await first.visit(bank.partner.client_id, request_uri)).is_login
    assert (await second.visit(bank.partner.client_id, request_uri)).is_login
    assert "code=" in await second.authorize(bank.partner.client_id, request_uri)


async def test_par_attempt_reuse_request_uri(bank):
    browser = bank.browser()
    request_uri = await bank.partner.pushed_uri()
    await browser.authorize(bank.partner.client_id, request_uri)
    page = await browser.visit(bank.partner.client_id, request_uri)
    assert page.answer.status_code == 400
    assert 'role="alert"' in page.text


async def test_par_attempt_to_use_expired_request_uri(bank):
    request_uri = await bank.partner.pushed_uri()
    bank.clock.forward(90)
    page = await bank.browser().visit(bank.partner.client_id, request_uri)
    assert page.answer.status_code == 400
    assert "location" not in page.answer.headers


async def test_a_customer_who_arrived_in_time_may_take_longer_than_the_request_uri_lives(bank):
    browser = bank.browser()
    page = await browser.visit(bank.partner.client_id, await bank.partner.pushed_uri())
    bank.clock.forward(300)
    page = await browser.log_in(page)
    assert "code=" in (await browser.submit(page, decision="allow")).answer.headers["location"]


async def test_par_attempt_to_use_request_uri_for_different_client(bank):
    request_uri = await bank.partner.pushed_uri()
    page = await bank.browser().visit(bank.other.client_id, request_uri)
    assert page.answer.status_code == 400
    assert "location" not in page.answer.headers


async def test_ensure_unsigned_authorization_request_without_using_par_fails(bank):
    answer = await bank.http.get("/oauth/authorize", params=bank.partner.request())
    assert answer.status_code == 400
    assert "text/html" in answer.headers["content-type"]


async def test_state_only_outside_request_object_not_used(bank):
    request_uri = await bank.partner.pushed_uri(state=None)
    browser = bank.browser()
    page = await browser.visit(
        bank.partner.client_id, request_uri, state="outside", redirect_uri="https://evil.example", scope="payments"
    )
    page = await browser.log_in(page)
    location = (await browser.submit(page, decision="allow")).answer.headers["location"]
    assert location.startswith(CALLBACK)
    assert "outside" not in location


@pytest.mark.parametrize(
    ("prompt", "logged_in", "error"), [("none", False, "login_required"), ("none", True, "consent_required")]
)
async def test_prompt_none_is_answered_without_a_page(bank, prompt, logged_in, error):
    browser = bank.browser()
    if logged_in:
        await browser.consent_page(bank.partner.client_id, await bank.partner.pushed_uri())
    page = await browser.visit(bank.partner.client_id, await bank.partner.pushed_uri(prompt=prompt))
    assert f"error={error}" in page.answer.headers["location"]
    assert "iss=" in page.answer.headers["location"]


@pytest.mark.parametrize("changes", [{"prompt": "login"}, {"max_age": "0"}, {"prompt": "login", "max_age": "9999"}])
async def test_a_client_can_ask_for_a_new_login(bank, changes):
    browser = bank.browser()
    await browser.consent_page(bank.partner.client_id, await bank.partner.pushed_uri())
    bank.clock.forward(10)
    assert (await browser.visit(bank.partner.client_id, await bank.partner.pushed_uri())).is_consent
    page = await browser.visit(bank.partner.client_id, await bank.partner.pushed_uri(**changes))
    assert page.is_login
    bank.clock.forward(30)
    assert (await browser.log_in(page)).is_consent
