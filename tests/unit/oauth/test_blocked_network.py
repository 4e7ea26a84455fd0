import msgspec

from ringfence.clock import Instant
from ringfence.intel.table import UNLISTED, Listing
from ringfence.oauth.http import create_app
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


class Listed:
    """Names two networks."""

    def of(self, address, agent, now):
        named = {"198.51.100.7": Listing(("drop",), "refuse"), "198.51.100.8": Listing(("vpn",), "step-up")}
        return named.get(address, UNLISTED)


async def test_what_a_feed_says_refuse_of_is_turned_away_and_the_rest_is_on_record(bank):
    ports = msgspec.structs.replace(bank.ports, intelligence=Listed())
    bank.ports, bank.app = ports, create_app(bank.policy, ports)
    browser = bank.browser("198.51.100.7")
    refused = await browser.log_in(await browser.visit("client_one", await bank.partner.pushed_uri()))
    assert refused.answer.status_code == 403
    assert "drop" not in refused.answer.text
    for address in ("198.51.100.8", "198.51.100.9"):
        browser = bank.browser(address)
        await browser.log_in(await browser.visit("client_one", await bank.partner.pushed_uri()))
    assert [(event.network, event.listed) for event in bank.events.of("LoginDecided")][-2:] == [
        ("198.51.100.8", ("vpn",)),
        ("198.51.100.9", ()),
    ]
