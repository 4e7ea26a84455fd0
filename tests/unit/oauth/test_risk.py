"""A password alone is not enough where the watch has something against the customer, the name or the network."""

import msgspec
import pytest

from ringfence.oauth.exchange import Server
from ringfence.oauth.http import create_app
from ringfence.oauth.login_names import name_digest
from ringfence.store.risk import Piece, entity_key, row_of

POLICY = {"second_factor_at_risk": 0.5}


def demanding(bank) -> None:
    oauth = msgspec.structs.replace(bank.policy.oauth, second_factor_at_risk=0.5)
    bank.policy = msgspec.structs.replace(bank.policy, oauth=oauth)
    bank.app = create_app(bank.policy, bank.ports)


async def say(bank, kind: str, value: str, weight: float = 0.6) -> None:
    await bank.ports.risks.put(
        {entity_key(kind, value): row_of([Piece("brute-force", weight, 1800.0, bank.clock.now)])}
    )


async def page_of(bank, browser):
    return await browser.visit(bank.partner.client_id, await bank.partner.pushed_uri())


@pytest.mark.parametrize(("kind", "value"), [("user", "user_mia"), ("name", "mia"), ("network", "198.51.100.7")])
async def test_a_right_password_is_not_enough(bank, kind: str, value: str) -> None:
    demanding(bank)
    await say(bank, kind, name_digest(value, bank.server) if kind == "name" else value)
    browser = bank.browser()
    shown = await browser.log_in(await page_of(bank, browser))
    assert shown.answer.status_code == 401
    assert "not enough at the moment" in shown.text
    (event,) = bank.events.of("LoginDecided")
    assert (event.allowed, event.reason) == (False, "second-factor")


async def test_a_browser_that_is_known_gets_in_and_decay_lets_all_in(bank) -> None:
    browser = bank.browser()
    await browser.log_in(await page_of(bank, browser))
    demanding(bank)
    browser_of_a_stranger = bank.browser()
    await say(bank, "user", "user_mia")
    await browser_of_a_stranger.log_in(await page_of(bank, browser_of_a_stranger))
    bank.clock.now += 3600
    await browser_of_a_stranger.log_in(await page_of(bank, browser_of_a_stranger))
    assert [event.allowed for event in bank.events.of("LoginDecided")] == [True, False, True]


async def test_a_wrong_password_learns_nothing_of_the_risk(bank) -> None:
    demanding(bank)
    await say(bank, "user", "user_mia")
    browser = bank.browser()
    shown = await browser.log_in(await page_of(bank, browser), "mia", "wrong")
    assert "not enough at the moment" not in shown.text
    assert bank.events.of("LoginDecided")[0].reason == "login-failed"


async def test_below_the_threshold_or_without_one_nothing_changes(bank) -> None:
    await say(bank, "user", "user_mia", 0.9)
    first = bank.browser()
    await first.log_in(await page_of(bank, first))
    demanding(bank)
    await say(bank, "user", "user_mia", 0.4)
    second = bank.browser()
    await second.log_in(await page_of(bank, second))
    assert [event.allowed for event in bank.events.of("LoginDecided")] == [True, True]


def test_the_policy_reaches_the_server(bank) -> None:
    assert isinstance(bank.server, Server)
    assert bank.server.profile.second_factor_at_risk is None
