async def test_events_name_the_typed_name_by_its_hash_only(bank):
    browser = bank.browser()
    page = await browser.visit(bank.partner.client_id, await bank.partner.pushed_uri())
    await browser.log_in(page, "my password typed here", "x")
    await browser.log_in(page)
    refused, allowed = bank.events.of("LoginDecided")
    assert (refused.allowed, refused.reason, refused.user) == (False, "login-failed", "")
    assert "typed" not in repr(refused)
    assert (allowed.allowed, allowed.user, allowed.network) == (True, "user_mia", "198.51.100.7")


async def test_unknown_and_disabled_customers_fail_alike(bank):
    texts = set()
    for name in ("mia", "nobody", "", "x" * 257):
        browser = bank.browser()
        page = await browser.visit(bank.partner.client_id, await bank.partner.pushed_uri())
        shown = await browser.log_in(page, name, "wrong")
        texts.add((shown.answer.status_code, shown.text.partition('role="alert"')[2][:60]))
    assert len(texts) == 1


async def test_the_throttle_says_when_to_try_again(bank):
    browser = bank.browser()
    page = await browser.visit(bank.partner.client_id, await bank.partner.pushed_uri())
    for _ in range(6):
        shown = await browser.log_in(page, "mia", "wrong")
    assert shown.answer.status_code == 429
    assert "try again in 12 s" in shown.text


async def test_names_are_throttled_without_regard_to_case(bank):
    browser = bank.browser()
    page = await browser.visit(bank.partner.client_id, await bank.partner.pushed_uri())
    statuses = [
        (await browser.log_in(page, name, "x")).answer.status_code
        for name in ("mia", "MIA", "Mia", "mIa", "miA", "mia ")
    ]
    assert statuses == [401] * 5 + [429]
