"""Every `Payees` keeps these promises, alone and shared by processes."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from ringfence.clock import Instant
from ringfence.store.embedded.lmdb_payees import KEY_BYTES, LmdbPayees
from ringfence.store.payees import Payees

NOW = Instant(1_800_000_000.0)
YEAR = 86_400.0 * 365
OPENERS = {"lmdb": lambda directory: LmdbPayees(directory / "payees.mdb", b"k" * KEY_BYTES)}


@pytest.fixture(params=OPENERS)
def payees(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Payees]:
    opened = OPENERS[request.param](tmp_path)
    yield opened
    opened.close()


def later(seconds: float) -> Instant:
    return Instant(NOW + seconds)


async def test_whoever_was_not_paid_is_not_known(payees: Payees) -> None:
    assert payees.since("alice", "gb1", NOW) is None
    await payees.paid("alice", "gb1", NOW, later(YEAR))
    assert payees.since("alice", "gb1", NOW) == NOW
    assert payees.since("bob", "gb1", NOW) is None
    assert payees.since("alice", "gb2", NOW) is None
    assert payees.since("alic", "egb1", NOW) is None


async def test_the_first_payment_counts_and_the_last_keeps(payees: Payees) -> None:
    await payees.paid("alice", "gb1", NOW, later(YEAR))
    await payees.paid("alice", "gb1", later(YEAR / 2), later(YEAR * 1.5))
    assert payees.since("alice", "gb1", later(YEAR * 1.4)) == NOW
    assert payees.since("alice", "gb1", later(YEAR * 1.5)) is None


async def test_who_was_forgotten_begins_anew(payees: Payees) -> None:
    await payees.paid("alice", "gb1", NOW, later(60))
    assert payees.since("alice", "gb1", later(60)) is None
    await payees.paid("alice", "gb1", later(61), later(YEAR))
    assert payees.since("alice", "gb1", later(61)) == later(61)


async def test_fifty_first_payments_at_once_are_one_first(payees: Payees) -> None:
    await asyncio.gather(*(payees.paid("alice", "gb1", later(i), later(YEAR)) for i in reversed(range(50))))
    assert payees.since("alice", "gb1", later(50)) == NOW


async def test_a_payment_ends_nothing_earlier(payees: Payees) -> None:
    await payees.paid("alice", "gb1", NOW, later(YEAR))
    await payees.paid("alice", "gb1", later(1), later(60))
    assert payees.since("alice", "gb1", later(YEAR - 1)) == NOW


async def test_sweep_removes_what_counts_no_more(payees: Payees) -> None:
    await payees.paid("alice", "gb1", NOW, later(60))
    await payees.paid("alice", "gb2", NOW, later(YEAR))
    assert await payees.sweep(later(3600)) == 1
    assert payees.since("alice", "gb2", later(3600)) == NOW
