"""The conformance tests race these statements on both engines; here is what each leaves alone."""

from pathlib import Path

import msgspec
import pytest

from ringfence.clock import Instant
from ringfence.store.model import Client
from ringfence.store.push_model import SignalPush
from ringfence.store.records import open_records
from ringfence.store.signals_model import PendingSignal, SignalStream

NOW = Instant(1_000.0)
LATER = Instant(1_015.0)


def push(client: str = "one", **changes) -> SignalPush:
    fields = {"stream_id": f"s_{client}", "client_id": client, "endpoint_url": f"https://{client}.example/"}
    return SignalPush(**(fields | changes))


@pytest.fixture
async def records(tmp_path: Path):
    opened = await open_records(f"sqlite+aiosqlite:///{tmp_path}/records.db")
    for name in ("one", "two", "polls"):
        await opened.add_client(Client(client_id=name, name=name, created_at=NOW))
        stream = SignalStream(stream_id=f"s_{name}", client_id=name, created_at=NOW)
        assert await opened.add_signal_stream(stream, None if name == "polls" else push(name))
        await keep(opened, name, 1)
    yield opened
    await opened.close()


async def keep(records, client: str, number: int) -> None:
    signal = PendingSignal(stream_id=f"s_{client}", jti=f"j{number}", token="t", created_at=Instant(NOW + number))
    await records.keep_signal(signal, 99)


async def claim(records, pusher: str = "p", now: Instant = NOW, limit: int = 9) -> list[str]:
    return sorted(one.client_id for one in await records.claim_pushes(pusher, now, Instant(now + 15), limit))


async def test_streams_that_hold_something_are_claimed_once(records) -> None:
    assert await records.signal_push("s_one") == push()
    assert await records.signal_push("s_polls") is None
    assert await claim(records, limit=1) == ["one"]
    assert await claim(records) == ["two"]
    assert await claim(records) == []
    assert await claim(records, "q", LATER) == ["one", "two"]
    await records.release_push("s_one", "p")  # whoever had it before releases nothing of another's
    assert await claim(records, "r", LATER) == []
    await records.release_push("s_one", "q")
    assert await claim(records, "r", LATER) == ["one"]


async def test_a_hold_is_renewed_by_who_has_it_while_it_stands(records) -> None:
    await claim(records)
    assert await records.hold_push("s_one", "p", NOW, LATER)
    assert not await records.hold_push("s_one", "q", NOW, LATER)
    assert not await records.hold_push("s_one", "p", LATER, Instant(LATER + 15))  # it has run out
    assert await records.hold_push("s_two", "p", NOW, LATER)
    await records.set_signal_status("s_two", "paused", "")
    assert not await records.hold_push("s_two", "p", NOW, LATER)
    await records.set_signal_push("s_one", None)
    assert not await records.hold_push("s_one", "p", NOW, LATER)


async def test_what_is_settled_is_gone_and_counted_once(records) -> None:
    await records.put_off_push(push(), "x", 1, NOW, NOW)
    for _ in range(2):
        await records.push_taken("s_one", "j1", LATER)
    state = await records.signal_push("s_one")
    assert (state.accepted, state.accepted_at, state.attempts, state.refusals, state.error) == (1, LATER, 0, 0, "")
    assert await claim(records) == ["two"]
    for _ in range(2):
        await records.push_refused("s_two", "j1", "invalid_request")
    state = await records.signal_push("s_two")
    assert (state.refused, state.accepted, state.error) == (1, 0, "invalid_request")
    assert len(await records.pending_signals("s_polls", 9)) == 1


async def test_what_is_put_off_waits_and_says_since_when(records) -> None:
    (mine,) = await records.claim_pushes("p", NOW, LATER, 1)
    await records.put_off_push(mine, "gone", 0, NOW, LATER)
    await records.put_off_push(msgspec.structs.replace(mine, pusher="q"), "not mine", 0, NOW, LATER)
    assert await claim(records, "p", NOW) == ["two"]
    assert await claim(records, "q", Instant(LATER - 1)) == []
    (again,) = [one for one in await records.claim_pushes("q", LATER, Instant(LATER + 15), 9) if one.client_id == "one"]
    assert (again.attempts, again.error, again.failing_since, again.pusher) == (1, "gone", NOW, "q")
    await records.put_off_push(again, "refused", 1, LATER, LATER)
    state = await records.signal_push("s_one")
    assert (state.attempts, state.refusals, state.failing_since, state.pusher) == (2, 1, NOW, "")


async def test_another_delivery_begins_when_the_old_hold_is_over(records) -> None:
    await claim(records)
    await records.set_signal_push("s_one", push(endpoint_url="https://new.example/"))
    assert await claim(records, "q") == []
    assert await claim(records, "q", LATER) == ["one", "two"]
    await records.set_signal_push("s_gone", push(stream_id="s_gone"))
    assert await records.signal_push("s_gone") is None


async def test_a_stream_takes_its_push_with_it(records) -> None:
    await records.remove_signal_stream("s_one")
    assert await records.signal_push("s_one") is None
    await records.remove_client("two")
    assert await records.signal_push("s_two") is None


async def test_how_each_stream_is(records) -> None:
    await keep(records, "one", 2)
    await records.acknowledge_signals("s_polls", ["j1"])
    await records.set_signal_status("s_two", "paused", "night")
    states = {state.client_id: state for state in await records.signal_states()}
    assert list(states) == ["one", "polls", "two"]
    assert (states["one"].pending, states["one"].oldest_at, states["one"].push) == (2, NOW + 1, push())
    assert (states["polls"].pending, states["polls"].oldest_at, states["polls"].push) == (0, None, None)
    assert (states["two"].status, states["two"].reason) == ("paused", "night")
