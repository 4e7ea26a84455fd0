"""Pinging a client once its customer has decided: sealed, bounded, again after a failure.  OpenID CIBA Core §10.2."""

import importlib.util
import json
from pathlib import Path

import pytest

from ringfence.app.notices import post_due
from ringfence.fetching import Unfetchable

_spec = importlib.util.spec_from_file_location("without_redirect", Path(__file__).parent / "without_redirect.py")
back = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(back)


async def ping_bank(bank, url=back.NOTIFY):
    return await back.ciba_bank(
        bank, backchannel_token_delivery_mode="ping", backchannel_client_notification_endpoint=url
    )


async def asked(bank) -> str:
    return await back.asked(bank.partner, client_notification_token=back.NOTIFICATION_TOKEN)


@pytest.mark.parametrize("decision", ["allow", "deny"])
async def test_the_client_is_pinged_when_the_customer_has_decided(bank, decision):
    bank = await ping_bank(bank)
    auth_req_id = await asked(bank)
    assert await post_due(bank.server, bank.posts) == 0
    await back.answer(await back.logged_in(bank), decision)
    assert await post_due(bank.server, bank.posts) == 1
    ((url, body, media_type, bearer),) = bank.posts.seen
    assert (url, media_type, bearer) == (back.NOTIFY, "application/json", back.NOTIFICATION_TOKEN)
    assert json.loads(body) == {"auth_req_id": auth_req_id}
    polled = await back.poll(bank.partner, auth_req_id)
    assert polled.status_code == (200 if decision == "allow" else 400)
    (event,) = bank.events.of("NoticeDelivered")
    assert auth_req_id not in repr(event)


async def test_a_ping_that_fails_is_repeated_while_it_is_worth_it(bank):
    bank = await ping_bank(bank)
    auth_req_id = await asked(bank)
    await back.answer(await back.logged_in(bank))
    bank.posts.answers = [Unfetchable("refused")] * 20
    for _ in range(400):
        await post_due(bank.server, bank.posts)
        bank.clock.forward(1)
    assert 4 <= len(bank.posts.seen) <= 8  # 5, 10, 20, 40, 80, 160 seconds between
    (event,) = bank.events.of("NoticeDelivered")
    assert (event.delivered, event.private) == (False, "refused")
    assert (await back.poll(bank.partner, auth_req_id)).json()["error"] == "expired_token"


async def test_a_client_that_was_pinged_or_not_may_poll(bank):
    bank = await ping_bank(bank)
    auth_req_id = await asked(bank)
    await back.answer(await back.logged_in(bank))
    assert (await back.poll(bank.partner, auth_req_id)).status_code == 200


@pytest.mark.parametrize(
    "token",
    [None, "short", "x" * 1025, "with space in it, and long enough", "a" * 30 + "\r\nx: y", "ä" * 30, "=" * 30],
)
async def test_tokens_that_are_no_bearer_tokens(bank, token):
    bank = await ping_bank(bank)
    answer = await back.ask(bank.partner, client_notification_token=token)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_a_stopped_client_is_not_pinged(bank):
    bank = await ping_bank(bank)
    await asked(bank)
    await back.answer(await back.logged_in(bank))
    await bank.ports.records.set_client_status(bank.partner.client_id, "suspended")
    assert await post_due(bank.server, bank.posts) == 1
    assert not bank.posts.seen
    assert not bank.events.of("NoticeDelivered")[0].delivered


async def test_an_address_that_cannot_be_posted_to_costs_a_notice_and_no_request(bank):
    bank = await ping_bank(bank, "https://127.0.0.1/ping")
    auth_req_id = await asked(bank)
    await back.answer(await back.logged_in(bank))
    await post_due(bank.server, bank.posts)
    assert not bank.posts.seen
    assert (await back.poll(bank.partner, auth_req_id)).status_code == 200
