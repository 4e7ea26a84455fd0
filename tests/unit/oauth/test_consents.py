import pytest

from ringfence.oauth.consents import live_grant
from ringfence.problem import MEANINGS, Reason, Refused


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


async def test_refusals_that_go_back_to_the_client(bank):
    answers = {}
    for reason, changes in ((Reason.ACCESS_DENIED, {}), (Reason.LOGIN_REQUIRED, {"prompt": "none"})):
        browser, uri = bank.browser(), await bank.partner.pushed_uri(**changes)
        page = await browser.visit(bank.partner.client_id, uri)
        if page.is_login:
            page = await browser.submit(await browser.log_in(page), decision="deny")
        answers[reason] = page.answer.headers["location"]
    for reason, location in answers.items():
        assert f"error={MEANINGS[reason].oauth}&" in location
        assert "state=the-state" in location
        assert "iss=https%3A%2F%2Fbank.example" in location
