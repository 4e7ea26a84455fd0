import pytest


async def test_it_ends_with_the_consent_and_the_last_token_with_it(bank):
    body = await bank.partner.tokens()
    form = {"grant_type": "refresh_token", "refresh_token": body["refresh_token"]}
    life = bank.policy.oauth.lifetimes.refresh_token_seconds
    bank.clock.forward(life - 100)
    last = await bank.partner.token(form)
    assert last.json()["expires_in"] == 100
    assert last.json()["refresh_token"] == body["refresh_token"]
    bank.clock.forward(100)
    assert (await bank.partner.token(form)).json()["error"] == "invalid_grant"


@pytest.mark.parametrize("how", ["grant", "user"])
async def test_it_ends_with_the_grant_and_the_customer(bank, how):
    body = await bank.partner.tokens()
    form = {"grant_type": "refresh_token", "refresh_token": body["refresh_token"]}
    if how == "grant":
        (grant,) = await bank.ports.records.list_grants()
        await bank.ports.records.revoke_grant(grant.grant_id, "test", bank.clock.now)
    else:
        await bank.ports.records.remove_user("user_mia")
    assert (await bank.partner.token(form)).json()["error"] == "invalid_grant"


async def test_an_access_token_or_code_is_no_refresh_token(bank):
    body = await bank.partner.tokens()
    code = await bank.partner.code()
    for value in (body["access_token"], code, ""):
        answer = await bank.partner.token({"grant_type": "refresh_token", "refresh_token": value})
        assert answer.status_code == 400
