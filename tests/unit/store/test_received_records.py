"""The conformance tests race these statements on both engines; here is what each leaves alone."""

from pathlib import Path

import pytest

from ringfence.clock import Instant
from ringfence.store.received_model import ReceivedSignal, TransmitterState
from ringfence.store.records import KEPT_AFTER_END, open_records

NOW = Instant(100_000.0)
HOUR_AGO = Instant(NOW - 3600)


def signal(number: int, transmitter: str = "idp", **changes) -> ReceivedSignal:
    fields = {"received_id": f"{transmitter}{number}", "transmitter": transmitter, "jti": f"j{number}", "kind": "k"}
    fields |= {"outcome": "acts", "subject": "user_a", "effects": ("end-logins",), "acts": 1, "received_at": NOW}
    fields |= {"due_at": Instant(NOW + 30), "expires_at": Instant(NOW + 9_000)}
    return ReceivedSignal(**(fields | changes))


@pytest.fixture
async def records(tmp_path: Path):
    opened = await open_records(f"sqlite+aiosqlite:///{tmp_path}/records.db")
    yield opened
    await opened.close()


async def test_each_event_counts_once_and_for_its_own_transmitter(records) -> None:
    assert await records.take_signal(signal(1), 9, HOUR_AGO) == "new"
    assert await records.take_signal(signal(1, subject="user_b"), 9, HOUR_AGO) == "known"
    assert await records.take_signal(signal(1, "other"), 9, HOUR_AGO) == "new"
    states = await records.transmitter_states()
    assert [(state.name, state.received, state.heard_at) for state in states] == [("idp", 1, NOW), ("other", 1, NOW)]
    (one,) = [kept for kept in await records.claim_received(Instant(NOW + 30), NOW, 9) if kept.transmitter == "idp"]
    assert one == signal(1, due_at=NOW)


async def test_only_what_acts_is_counted_and_only_of_late(records) -> None:
    assert await records.take_signal(signal(1, received_at=HOUR_AGO), 2, HOUR_AGO) == "new"
    for number in (2, 3):
        assert await records.take_signal(signal(number), 2, HOUR_AGO) == "new"
    assert await records.take_signal(signal(4), 2, HOUR_AGO) == "too-many"
    assert await records.take_signal(signal(2), 2, HOUR_AGO) == "known"
    assert await records.take_signal(signal(5, acts=0, effects=()), 2, HOUR_AGO) == "new"
    assert await records.take_signal(signal(1, "other"), 2, HOUR_AGO) == "new"
    assert await records.take_signal(signal(4), 3, HOUR_AGO) == "new"  # it was not kept before
    assert (await records.transmitter_states())[0].received == 5


async def test_what_is_due_is_claimed_once_until_it_is_settled(records) -> None:
    await records.take_signal(signal(1), 9, HOUR_AGO)
    await records.take_signal(signal(2, due_at=NOW), 9, HOUR_AGO)
    later = Instant(NOW + 30)
    assert [one.jti for one in await records.claim_received(NOW, later, 9)] == ["j2"]
    assert await records.claim_received(NOW, later, 9) == []
    await records.settle_received("idp2")
    assert [one.jti for one in await records.claim_received(later, Instant(later + 30), 9)] == ["j1"]


async def test_step_ups_that_stand(records) -> None:
    await records.take_signal(signal(1, step_up_until=Instant(NOW + 60)), 9, HOUR_AGO)
    await records.take_signal(signal(2), 9, HOUR_AGO)
    assert [one.jti for one in await records.standing_step_ups(NOW)] == ["j1"]
    assert await records.standing_step_ups(Instant(NOW + 60)) == []


async def test_what_is_kept_of_a_transmitter(records) -> None:
    await records.note_transmitter("idp", verified_at=NOW)
    await records.count_refusal("idp", "signal-key", NOW)
    await records.count_refusal("idp", "signal-issuer", Instant(NOW + 1))
    for at in (NOW, Instant(NOW + 9)):
        await records.note_failing("idp", at)
    known = TransmitterState(
        name="idp", verified_at=NOW, refused=2, error="signal-issuer", error_at=Instant(NOW + 1), failing_since=NOW
    )
    assert await records.transmitter_states() == [known]


async def test_one_asks_at_a_time(records) -> None:
    later = Instant(NOW + 30)
    assert await records.claim_poll("idp", "a", NOW, later)
    assert not await records.claim_poll("idp", "b", NOW, later)
    assert await records.claim_poll("other", "b", NOW, later)
    assert await records.claim_poll("idp", "a", NOW, Instant(later + 1))
    assert not await records.claim_poll("idp", "b", later, Instant(later + 30))
    assert await records.claim_poll("idp", "b", Instant(later + 1), Instant(later + 30))


async def test_what_would_be_refused_for_its_age_is_swept(records) -> None:
    await records.take_signal(signal(1), 9, HOUR_AGO)
    await records.take_signal(signal(2, expires_at=NOW), 9, HOUR_AGO)
    assert await records.sweep(Instant(NOW + KEPT_AFTER_END)) == 1
    assert await records.take_signal(signal(1), 9, HOUR_AGO) == "known"
