"""Events for receivers on both databases: nothing is lost and nothing is told twice, however many are at it at once.

OpenID Shared Signals Framework 1.0; RFC 8936.
"""

import asyncio

from ringfence.clock import Instant
from ringfence.store.model import Grant
from ringfence.store.signals_model import PendingSignal, SignalStream


def signal(stream: str, number: int, now: float) -> PendingSignal:
    return PendingSignal(stream_id=stream, jti=f"j{number:02}", token="t", created_at=Instant(now + number))


async def test_many_make_keep_and_acknowledge_at_once(bank):
    records, now = bank.ports.records, bank.clock.now
    streams = [SignalStream(stream_id=f"s{n}", client_id="client_one", created_at=now) for n in range(6)]
    made = await asyncio.gather(*(records.add_signal_stream(stream) for stream in streams))
    assert sum(made) == 1
    stream = await records.signal_stream("client_one")
    name = stream.stream_id

    await asyncio.gather(*(records.keep_signal(signal(name, n % 20, now), 99) for n in range(40)))
    assert [one.jti for one in await records.pending_signals(name, 99)] == [f"j{n:02}" for n in range(20)]

    gone = await asyncio.gather(*(records.acknowledge_signals(name, ["j00", "j01"]) for _ in range(6)))
    assert sum(gone) == 2

    await asyncio.gather(*(records.keep_signal(signal(name, n, now), 20) for n in range(20, 30)))
    assert [one.jti for one in await records.pending_signals(name, 99)] == [f"j{n:02}" for n in range(10, 30)]
    assert (await records.signal_stream("client_one")).dropped == 8

    asked = await asyncio.gather(*(records.note_verification(name, now, Instant(now - 30)) for _ in range(6)))
    assert sum(asked) == 1

    # whoever disables or removes it wins over whoever is about to keep something
    await asyncio.gather(
        records.set_signal_status(name, "disabled", ""),
        *(records.keep_signal(signal(name, n, now), 99) for n in range(30, 36)),
    )
    assert await records.pending_signals(name, 99) == []
    await records.set_signal_status(name, "enabled", "")
    await asyncio.gather(
        records.remove_signal_stream(name), *(records.keep_signal(signal(name, n, now), 99) for n in range(36, 42))
    )
    assert await records.pending_signals(name, 99) == []


async def test_who_is_told_of_whom(bank):
    records, now = bank.ports.records, bank.clock.now
    for client in ("client_one", "client_two"):
        await records.add_signal_stream(SignalStream(stream_id=client, client_id=client, created_at=now))
    await records.add_grant(
        Grant(
            grant_id="g",
            client_id="client_one",
            user_id="user_mia",
            scopes=(),
            created_at=now,
            expires_at=Instant(now + 9),
        )
    )
    told = await records.signal_streams_about("user_mia", now)
    assert [stream.client_id for stream in told] == ["client_one"]
    assert await records.revoke_grant("g", "asked", now)
    assert await records.signal_streams_about("user_mia", now) == []
