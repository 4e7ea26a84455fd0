async def test_a_logged_in_customer_is_asked_again_for_every_request(bank):
    browser = bank.browser()
    first = await browser.consent_page(bank.partner.client_id, await bank.partner.pushed_uri())
    await browser.submit(first, decision="allow")
    second = await browser.visit(bank.partner.client_id, await bank.partner.pushed_uri(scope="payments"))
    assert second.is_consent
    assert "Make payments" in second.text
    assert "See your accounts" not in second.text


async def test_the_session_ends(bank):
    browser = bank.browser()
    page = await browser.consent_page(bank.partner.client_id, await bank.partner.pushed_uri())
    bank.clock.forward(500)
    still = await browser.visit(bank.partner.client_id, await bank.partner.pushed_uri())
    assert still.is_consent
    bank.clock.forward(401)
    assert (await browser.submit(still, decision="allow")).is_login
    assert not await bank.ports.records.list_grants()
    assert page.is_consent


async def test_an_interaction_ends(bank):
    browser = bank.browser()
    page = await browser.consent_page(bank.partner.client_id, await bank.partner.pushed_uri())
    bank.clock.forward(690)
    assert (await browser.submit(page, decision="allow")).answer.status_code == 400


async def test_an_unknown_decision_decides_nothing(bank):
    browser = bank.browser()
    page = await browser.consent_page(bank.partner.client_id, await bank.partner.pushed_uri())
    for decision in ("", "ALLOW", "yes"):
        assert (await browser.submit(page, decision=decision)).answer.status_code == 400
    assert (await browser.submit(page, decision="allow")).answer.status_code == 303


async def test_a_page_that_was_answered_is_over(bank):
    browser = bank.browser()
    page = await browser.consent_page(bank.partner.client_id, await bank.partner.pushed_uri())
    assert (await browser.submit(page, decision="deny")).answer.status_code == 303
    assert (await browser.submit(page, decision="allow")).answer.status_code == 400
    assert not await bank.ports.records.list_grants()
