"""RFC 9449 §8 and §9: proofs that must hold a nonce of ours, at the authorization server."""

import pytest

FORM = {"grant_type": "client_credentials", "scope": "accounts"}
OAUTH = {
    "dpop_nonce": "required",
    "scopes": {"accounts": "See your accounts", "payments": "Make payments", "profile": "See your name"},
}


@pytest.fixture
def strict(bank):
    return bank.with_policy(oauth=OAUTH)


async def test_the_token_endpoint_gives_out_a_nonce_and_takes_it(strict):
    partner = strict.partner
    answer = await partner.token(FORM)
    assert (answer.status_code, answer.json()["error"]) == (400, "use_dpop_nonce")
    assert answer.headers["cache-control"] == "no-store"
    nonce = answer.headers["dpop-nonce"]
    answer = await partner.token(FORM, partner.proof("/oauth/token", nonce=nonce))
    assert answer.status_code == 200, answer.text
    assert answer.headers["dpop-nonce"] == nonce


async def test_a_nonce_ages_and_the_next_one_comes_with_the_answer(strict):
    partner = strict.partner
    first = (await partner.token(FORM)).headers["dpop-nonce"]
    strict.clock.forward(120)
    answer = await partner.token(FORM, partner.proof("/oauth/token", nonce=first))
    assert answer.status_code == 200
    assert answer.headers["dpop-nonce"] != first
    strict.clock.forward(120)
    answer = await partner.token(FORM, partner.proof("/oauth/token", nonce=first))
    assert (answer.status_code, answer.json()["error"]) == (400, "use_dpop_nonce")


@pytest.mark.parametrize("nonce", ["", "guessed", "AAAAAAAAAAAAAAAAAAAAAA", 7, None])
async def test_nonces_that_are_not_ours(strict, nonce):
    answer = await strict.partner.token(FORM, strict.partner.proof("/oauth/token", nonce=nonce))
    assert answer.status_code == 400
    assert answer.json()["error"] == ("invalid_dpop_proof" if nonce == 7 else "use_dpop_nonce")


async def test_ensure_holder_of_key_required_with_nonces(strict):
    # without any proof the answer is not `use_dpop_nonce`: the module fails it
    answer = await strict.partner.token(FORM, None)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_dpop_proof")


async def test_a_nonce_makes_no_other_fault_good(strict):
    partner = strict.partner
    nonce = (await partner.token(FORM)).headers["dpop-nonce"]
    for changes in ({"htm": "GET"}, {"htu": "https://elsewhere.example/oauth/token"}, {"iat": 1}):
        answer = await partner.token(FORM, partner.proof("/oauth/token", **({"nonce": nonce} | changes)))
        assert answer.json()["error"] == "invalid_dpop_proof"
    proof = partner.proof("/oauth/token", nonce=nonce)
    assert (await partner.token(FORM, proof)).status_code == 200
    assert (await partner.token(FORM, proof)).json()["error"] == "invalid_dpop_proof"


async def test_pushed_requests_with_a_proof_need_the_nonce_and_those_without_none(strict):
    partner = strict.partner
    plain = await partner.push()
    assert plain.status_code == 201
    refused = await partner.push(proof=True)
    assert (refused.status_code, refused.json()["error"]) == (400, "use_dpop_nonce")
    proof = partner.proof("/oauth/par", nonce=refused.headers["dpop-nonce"])
    answer = await partner.post("/oauth/par", partner.request(), {"dpop": proof})
    assert answer.status_code == 201
    assert answer.headers["dpop-nonce"]


async def test_userinfo_challenges_with_a_nonce(strict):
    partner = strict.partner
    nonce = (await partner.token(FORM)).headers["dpop-nonce"]
    code = await partner.code()
    issued = await partner.token(partner.redemption(code), partner.proof("/oauth/token", nonce=nonce))
    token = issued.json()["access_token"]
    refused = await partner.userinfo(token)
    assert refused.status_code == 401
    assert 'error="use_dpop_nonce"' in refused.headers["www-authenticate"]
    assert refused.headers["www-authenticate"].startswith("DPoP ")
    answer = await partner.userinfo(token, nonce=refused.headers["dpop-nonce"])
    assert answer.status_code == 200
    assert answer.headers["dpop-nonce"]


async def test_where_no_nonce_is_asked_for_none_is_given_out(bank):
    answer = await bank.partner.token(FORM)
    assert answer.status_code == 200
    assert "dpop-nonce" not in answer.headers
