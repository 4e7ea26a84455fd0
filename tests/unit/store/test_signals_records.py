"""The conformance tests race these statements on both engines; here is what each leaves alone."""

from pathlib import Path

import pytest

from ringfence.clock import Instant
from ringfence.store.model import Client, Grant, User
from ringfence.store.records import open_records
from ringfence.store.signals_model import PendingSignal, SignalStream

NOW = Instant(1_000.0)


def stream(client: str, **changes) -> SignalStream:
    return SignalStream(**({"stream_id": f"s_{client}", "client_id": client, "created_at": NOW} | changes))


def signal(number: int, client: str = "one") -> PendingSignal:
    return PendingSignal(
        stream_id=f"s_{client}", jti=f"j{number}", token=f"t{number}", created_at=Instant(NOW + number)
    )


@pytest.fixture
async def records(tmp_path: Path):
    opened = await open_records(f"sqlite+aiosqlite:///{tmp_path}/records.db")
    await opened.add_user(User(user_id="u", username="m", password_hash="", created_at=NOW))
    for name in ("one", "two"):
        await opened.add_client(Client(client_id=name, name=name, created_at=NOW))
        assert await opened.add_signal_stream(stream(name))
    yield opened
    await opened.close()


async def test_a_client_has_one_stream(records) -> None:
    assert not await records.add_signal_stream(stream("one", stream_id="another"))
    assert await records.signal_stream("one") == stream("one")
    assert await records.signal_stream("nobody") is None
    assert await records.describe_signal_stream("s_one", ["a"], "text")
    assert await records.set_signal_status("s_one", "paused", "night")
    changed = stream("one", events_requested=("a",), description="text", status="paused", reason="night")
    assert await records.signal_stream("one") == changed
    assert await records.signal_stream("two") == stream("two")
    assert await records.remove_signal_stream("s_one")
    assert not await records.remove_signal_stream("s_one")
    assert not await records.describe_signal_stream("s_one", [], "")
    assert not await records.set_signal_status("s_one", "enabled", "")
    assert await records.has_signal_streams()
    await records.remove_signal_stream("s_two")
    assert not await records.has_signal_streams()


async def test_whose_clients_are_told(records) -> None:
    grants = {"live": {}, "over": {"expires_at": NOW}, "revoked": {"revoked_at": NOW}, "own": {"user_id": ""}}
    for name, changes in grants.items():
        fields = {"grant_id": name, "client_id": "one" if name == "live" else "two", "user_id": "u", "scopes": ()}
        fields |= {"created_at": NOW, "expires_at": Instant(NOW + 9)}
        await records.add_grant(Grant(**(fields | changes)))
    assert await records.signal_streams_about("u", NOW) == [stream("one")]
    assert await records.signal_streams_about("u", Instant(NOW + 9)) == []
    assert await records.signal_streams_about("", NOW) == []


async def test_events_stay_until_they_are_acknowledged_by_their_own_stream(records) -> None:
    for number in (2, 1, 1):
        assert await records.keep_signal(signal(number), 5) == 0
    await records.keep_signal(signal(1, "two"), 5)
    assert await records.pending_signals("s_one", 9) == [signal(1), signal(2)]
    assert await records.pending_signals("s_one", 1) == [signal(1)]
    assert await records.acknowledge_signals("s_two", ["j2"]) == 0
    assert await records.acknowledge_signals("s_one", ["j1", "j9"]) == 1
    assert await records.pending_signals("s_one", 9) == [signal(2)]
    assert await records.pending_signals("s_two", 9) == [signal(1, "two")]


async def test_the_oldest_go_when_there_are_too_many(records) -> None:
    await records.keep_signal(signal(1, "two"), 2)
    dropped = [await records.keep_signal(signal(number), 2) for number in (1, 2, 3, 4)]
    assert dropped == [0, 0, 1, 1]
    assert await records.pending_signals("s_one", 9) == [signal(3), signal(4)]
    assert (await records.signal_stream("one")).dropped == 2
    assert await records.pending_signals("s_two", 9) == [signal(1, "two")]


async def test_nothing_is_kept_for_a_stream_that_is_disabled_or_gone(records) -> None:
    await records.keep_signal(signal(1), 5)
    await records.set_signal_status("s_one", "disabled", "")
    await records.keep_signal(signal(2), 5)
    assert await records.pending_signals("s_one", 9) == []
    await records.remove_signal_stream("s_two")
    assert await records.keep_signal(signal(1, "two"), 5) == 0
    assert await records.pending_signals("s_two", 9) == []


async def test_verification_has_its_pace(records) -> None:
    assert await records.note_verification("s_one", NOW, Instant(NOW - 30))
    assert not await records.note_verification("s_one", Instant(NOW + 30), NOW)
    assert await records.note_verification("s_one", Instant(NOW + 31), Instant(NOW + 1))
    assert not await records.note_verification("s_x", NOW, NOW)
