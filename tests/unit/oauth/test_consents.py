import pytest

from ringfence.oauth.consents import live_grant, sentences
from ringfence.oauth.exchange import Asked
from ringfence.problem import Reason, Refused


def test_one_sentence_a_scope(bank):
    asked = Asked(redirect_uri="https://p/cb", scope="openid accounts", code_challenge="x")
    assert sentences(asked, bank.server) == ["Know who you are", "See your accounts"]


async def test_a_grant_holds_what_was_shown_and_ends_with_its_refresh_token(bank):
    await bank.partner.code(scope="accounts")
    (grant,) = await bank.ports.records.list_grants()
    assert grant.scopes == ("accounts",)
    assert grant.expires_at - grant.created_at == bank.policy.oauth.lifetimes.refresh_token_seconds
    (event,) = bank.events.of("ConsentDecided")
    assert (event.allowed, event.grant, event.user, event.scopes) == (True, grant.grant_id, "user_mia", ("accounts",))
    assert await live_grant(grant.grant_id, bank.server, bank.clock.now) == grant
    for now in (grant.expires_at, grant.expires_at + 1):
        with pytest.raises(Refused) as caught:
            await live_grant(grant.grant_id, bank.server, now)
        assert caught.value.reason is Reason.GRANT_INVALID


async def test_a_consent_that_cannot_be_recorded_is_not_given(bank):
    browser = bank.browser()
    page = await browser.consent_page(bank.partner.client_id, await bank.partner.pushed_uri())
    bank.events.full = True
    assert (await browser.submit(page, decision="allow")).answer.status_code == 503
    assert not await bank.ports.records.list_grants()
