"""Guesses are slowed, and the customer gets in meanwhile.  NIST SP 800-63B-4 §3.2.2."""

import asyncio

from ringfence.networks import network_of
from ringfence.oauth.cookies import KNOWN


def test_what_an_address_is_counted_under():
    assert network_of("192.0.2.1") == network_of("::ffff:192.0.2.1") == network_of("::ffff:c000:201") == "192.0.2.1"
    assert network_of("2001:db8:1:2:3::4") == network_of("2001:db8:1:2:ffff::1") == "2001:db8:1:2::/64"
    assert network_of("fe80::1%eth0") == "fe80::/64"
    assert network_of("unix") == "unix"
    assert len(network_of("x" * 1000)) == 64


async def guess(bank, address, password="wrong", name="mia", browser=None):
    browser = browser or bank.browser(address)
    page = await browser.follow(await browser.http.get("/oauth/my/grants"))
    return (await browser.submit(page, username=name, password=password)).answer.status_code


async def test_of_fifty_guesses_at_once_from_one_network_five_are_tried(bank):
    addresses = [f"2001:db8:1:2::{i:x}" for i in range(25)] * 2  # one /64
    statuses = await asyncio.gather(*(guess(bank, one) for one in addresses))
    assert sorted(statuses) == [401] * 5 + [429] * 45


async def test_mapped_addresses_are_no_second_network(bank):
    for _ in range(5):
        assert await guess(bank, "192.0.2.1") == 401
    assert await guess(bank, "::ffff:192.0.2.1") == 429


async def test_the_customer_gets_in_from_a_known_browser_while_everybody_guesses(bank):
    owner = bank.browser("203.0.113.77")
    assert await guess(bank, "", "right", browser=owner) == 200
    assert KNOWN in owner.http.cookies  # the own page makes a browser known, too
    statuses = await asyncio.gather(*(guess(bank, f"198.51.{i // 5}.1") for i in range(400)))
    assert statuses.count(429) >= 300
    assert await guess(bank, "203.0.113.78", "right") == 429  # a stranger's browser waits, whoever sits there
    owner.http.cookies.delete("__Host-ringfence-session")
    assert await guess(bank, "", "right", browser=owner) == 200


async def test_known_is_of_one_customer(bank):
    owner = bank.browser("203.0.113.77")
    assert await guess(bank, "", "right", browser=owner) == 200
    owner.http.cookies.delete("__Host-ringfence-session")
    statuses = [await guess(bank, "", "wrong", f"other-{i}", browser=owner) for i in range(31)]
    assert statuses[-1] == 429
