import json

import msgspec
import pytest

from ringfence.clock import Instant
from ringfence.fetching import Answered, Unfetchable
from ringfence.ids import system_random
from ringfence.keys.sealing import Sealer
from ringfence.oauth.exchange import Server
from ringfence.oauth.signals.push import HOLD, LONGEST_PAUSE, MOST_REFUSALS, pause_after, push_stream
from ringfence.store.push_model import SignalPush
from ringfence.store.signals_model import PendingSignal, SignalStream


def error(err: object, description: object = "", status: int = 400) -> Answered:
    return Answered(status, json.dumps({"err": err, "description": description}).encode())


async def push(bank, way, pusher: str = "p", server: Server | None = None) -> int:
    now = bank.clock.now
    claimed = await bank.ports.records.claim_pushes(pusher, now, Instant(now + HOLD), 8)
    return sum([await push_stream(one, server or bank.server, way) for one in claimed])


async def held(bank, stream: str) -> int:
    return len(await bank.ports.records.pending_signals(stream, 99))


def test_pauses_grow_and_end():
    assert [pause_after(n) for n in (1, 2, 3)] == [1, 2, 4]
    assert pause_after(10_000) == LONGEST_PAUSE


async def test_events_are_posted_in_order_and_let_go_of_when_they_are_taken(bank, receiver, pushed, way):
    for _ in range(3):
        await receiver.feed(receiver.ended(), after=len(receiver.events.kept))
        bank.clock.forward(1)
    waiting = [one.token for one in await bank.ports.records.pending_signals(pushed, 9)]
    assert await push(bank, way) == 3
    assert way.tokens == waiting
    assert {(url, kind, secret) for url, _, kind, secret in way.seen} == {
        ("https://told.example/events", "application/secevent+jwt", "Bearer s3cret")
    }
    _, claims = await receiver.read(way.tokens[0])
    assert claims["aud"] == "client_told"
    assert await held(bank, pushed) == 0
    state = await bank.ports.records.signal_push(pushed)
    assert (state.accepted, state.accepted_at, state.failing_since, state.pusher) == (3, bank.clock.now, None, "")
    assert [event.delivered for event in bank.events.of("SignalPushed")] == [True] * 3


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (Answered(200, b""), "answered 200"),
        (Answered(204, b""), "answered 204"),
        (Answered(301, b""), "answered 301"),
        (Answered(401, b""), "answered 401"),
        (Answered(429, b""), "answered 429"),
        (Answered(503, b"{"), "answered 503"),
        (Answered(400, b"no\xff"), "answered 400 without an error of RFC 8935"),
        (Answered(400, b"[]"), "answered 400 without an error of RFC 8935"),
        (error(5), "answered 400 without an error of RFC 8935"),
        (error("authentication_failed", "Token\x1b[31m expired"), "authentication_failed: Token?[31m expired"),
        (error("invalid_key", 5), "invalid_key"),
        (error("invalid_key", "x" * 999), "invalid_key: " + "x" * 187),
        (Unfetchable("the name resolves to 127.0.0.1"), "the name resolves to 127.0.0.1"),
    ],
)
async def test_what_is_not_taken_is_waited_out_however_long_it_takes(bank, receiver, pushed, way, answer, told):
    await receiver.feed(receiver.ended(), receiver.ended())
    way.usual = answer
    since = bank.clock.now
    for attempts in range(1, MOST_REFUSALS + 4):
        assert await push(bank, way) == 0
        state = await bank.ports.records.signal_push(pushed)
        assert (state.attempts, state.error, state.failing_since) == (attempts, told, since)
        assert await push(bank, way) == 0  # it is not due
        assert len(way.seen) == attempts
        bank.clock.forward(pause_after(attempts))
    assert len(set(way.tokens)) == 1  # the second one waits for the first
    (began,) = bank.events.of("SignalPushed")
    assert (began.delivered, began.given_up, began.private) == (False, False, told)
    way.usual = Answered(202, b"")
    assert await push(bank, way) == 2
    state = await bank.ports.records.signal_push(pushed)
    assert (state.attempts, state.error, state.failing_since, state.refused) == (0, "", None, 0)


@pytest.mark.parametrize("err", ["invalid_request", "invalid_audience", "invalid_issuer", "access_denied", "new_one"])
async def test_what_the_receiver_will_not_have_does_not_hold_up_the_rest(bank, receiver, pushed, way, err):
    await receiver.feed(receiver.ended(), receiver.ended())
    first, second = [one.token for one in await bank.ports.records.pending_signals(pushed, 9)]
    way.answers = [Unfetchable("gone")] * 9 + [error(err, "no")] * MOST_REFUSALS
    for attempts in range(1, 9 + MOST_REFUSALS):
        assert await push(bank, way) == 0
        bank.clock.forward(pause_after(attempts))
    assert await held(bank, pushed) == 2  # what was not reached at all counts for no refusal
    assert await push(bank, way) == 1
    assert way.tokens[-2:] == [first, second]
    state = await bank.ports.records.signal_push(pushed)
    assert (state.refused, state.accepted, state.attempts, await held(bank, pushed)) == (1, 1, 0, 0)
    given_up = [event for event in bank.events.of("SignalPushed") if event.given_up]
    assert [event.private for event in given_up] == [f"{err}: no"]


async def test_paused_waits_and_disabled_lets_go(bank, receiver, pushed, way):
    await receiver.feed(receiver.ended())
    await receiver.call("POST", "status", {"stream_id": pushed, "status": "paused"})
    assert await push(bank, way) == 0
    await receiver.call("POST", "status", {"stream_id": pushed, "status": "enabled"})
    assert await push(bank, way) == 1
    await receiver.feed(receiver.ended(), after=1)
    await receiver.call("POST", "status", {"stream_id": pushed, "status": "disabled"})
    assert await push(bank, way) == 0
    assert len(way.seen) == 1


async def test_a_pause_counts_between_one_event_and_the_next(bank, receiver, pushed, way):
    await receiver.feed(receiver.ended(), receiver.ended())

    class Pausing(type(way)):
        async def deliver(self, *args):
            await bank.ports.records.set_signal_status(pushed, "paused", "")
            return await super().deliver(*args)

    pausing = Pausing()
    assert await push(bank, pausing) == 1
    assert await held(bank, pushed) == 1


async def test_verification_is_pushed_as_well(bank, receiver, pushed, way):
    await receiver.call("POST", "verify", {"stream_id": pushed, "state": "abc"})
    assert await push(bank, way) == 1
    _, claims = await receiver.read(way.tokens[0])
    assert claims["events"] == {"https://schemas.openid.net/secevent/ssf/event-type/verification": {"state": "abc"}}


async def test_a_stream_is_one_pushers_until_its_time_is_over(bank, receiver, pushed, way):
    await receiver.feed(receiver.ended(), receiver.ended())
    records, now = bank.ports.records, bank.clock.now
    (dead,) = await records.claim_pushes("dead", now, Instant(now + HOLD), 8)
    assert await push(bank, way) == 0
    bank.clock.forward(HOLD)
    assert await push(bank, way) == 2  # at-least-once: the dead one may have posted what it held
    assert await push_stream(dead, bank.server, way) == 0
    await receiver.feed(receiver.ended(), after=2)
    assert await push_stream(dead, bank.server, way) == 0  # it finds that the stream is not its own
    assert await held(bank, pushed) == 1


async def test_a_delivery_that_is_changed_ends_the_pusher_of_the_old_one(bank, receiver, pushed, way):
    await receiver.feed(receiver.ended())
    records, now = bank.ports.records, bank.clock.now
    (old,) = await records.claim_pushes("old", now, Instant(now + HOLD), 8)
    moved = {"method": "urn:ietf:rfc:8935", "endpoint_url": "https://new.example/"}
    await receiver.call("PATCH", "streams", {"stream_id": pushed, "delivery": moved})
    assert await push_stream(old, bank.server, way) == 0
    assert await push(bank, way) == 0  # one of the old one's may be under way
    bank.clock.forward(HOLD)
    assert await push(bank, way) == 1
    assert way.seen[0][0] == "https://new.example/"
    assert way.seen[0][3] == ""


async def test_a_client_that_is_suspended_or_has_no_right_to_events_has_none(bank, receiver, pushed, way):
    await receiver.feed(receiver.ended())
    records = bank.ports.records
    await records.set_client_status("client_told", "suspended")
    assert await push(bank, way) == 0
    assert (await records.signal_push(pushed)).error == "the client is suspended"
    await bank.register(type(bank.partner)(bank, "client_less"), scopes=("accounts",))
    now = bank.clock.now
    less = SignalPush(stream_id="less", client_id="client_less", endpoint_url="https://less.example/")
    await records.add_signal_stream(SignalStream(stream_id="less", client_id="client_less", created_at=now), less)
    await records.keep_signal(PendingSignal(stream_id="less", jti="j", token="t", created_at=now), 9)
    assert await push(bank, way) == 0
    assert (await records.signal_push("less")).error == "the client is not registered for security events any more"
    assert way.seen == []


async def test_a_client_that_is_told_no_more_is_found_out_before_each_event(bank, receiver, pushed, way):
    await receiver.feed(receiver.ended(), receiver.ended())

    class Suspending(type(way)):
        async def deliver(self, *args):
            await bank.ports.records.set_client_status("client_told", "suspended")
            return await super().deliver(*args)

    assert await push(bank, Suspending()) == 1
    assert await held(bank, pushed) == 1
    bank.clock.forward(pause_after(1))
    await bank.ports.records.set_client_status("client_told", "active")
    assert await push(bank, way) == 1


async def test_a_secret_that_was_sealed_under_another_key_is_told_and_nothing_is_sent(bank, receiver, pushed, way):
    await receiver.feed(receiver.ended())
    ports = msgspec.structs.replace(bank.ports, sealer=Sealer(b"x" * 32, system_random))
    assert await push(bank, way, server=Server(bank.server.profile, ports)) == 0
    assert way.seen == []
    assert "another key" in (await bank.ports.records.signal_push(pushed)).error
