from ringfence.clock import Instant
from ringfence.store.blocks import network_block


async def test_nothing_is_tried_from_a_network_that_is_kept_out(bank):
    page = await bank.browser().consent_page("client_one", await bank.partner.pushed_uri())
    assert page.is_consent
    now = bank.clock.now
    keys = [network_block("198.51.100.7"), network_block("192.0.2.1")]
    await bank.server.ports.fast.block(keys, Instant(now + 60), now)
    browser = bank.browser("198.51.100.7")
    refused = await browser.log_in(await browser.visit("client_one", await bank.partner.pushed_uri()))
    assert refused.answer.status_code == 403
    bank.clock.forward(61)
    browser = bank.browser("198.51.100.7")
    page = await browser.log_in(await browser.visit("client_one", await bank.partner.pushed_uri()))
    assert page.is_consent
