"""Every `Sums` keeps these promises, alone and shared by processes."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ringfence.clock import Instant
from ringfence.store.embedded.lmdb_sums import LmdbSums
from ringfence.store.sums import Charge, Charged, Sums

NOW = Instant(1_800_000_000.0)
OPENERS = {"lmdb": LmdbSums}


@pytest.fixture(params=OPENERS)
def sums(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Sums]:
    opened = OPENERS[request.param](tmp_path / "sums.mdb")
    yield opened
    opened.close()


def charge(amount: int = 1, most: int = 10, key: bytes = b"k", **more: Any) -> Charge:
    fields: dict[str, Any] = {"slot": 5, "since": 5, "expires_at": Instant(NOW + 60), **more}
    return Charge(key=key, amount=amount, most=most, **fields)


async def test_a_sum_holds_to_the_unit(sums: Sums) -> None:
    assert await sums.add([charge(7)]) == Charged()
    assert (await sums.add([charge(4)])).refused == 0
    assert await sums.add([charge(3)]) == Charged()
    assert (await sums.add([charge(1)])).refused == 0
    assert await sums.add([charge(0)]) == Charged()


async def test_if_one_does_not_fit_none_is_added(sums: Sums) -> None:
    await sums.add([charge(10, key=b"full")])
    assert (await sums.add([charge(1), charge(1, key=b"full")])).refused == 1
    assert (await sums.add([charge(10)])).refused == -1


async def test_one_that_is_not_binding_is_left_out_and_told(sums: Sums) -> None:
    await sums.add([charge(10, key=b"full")])
    assert await sums.add([charge(1, key=b"full", binding=False), charge(1)]) == Charged(over=(0,))
    assert (await sums.add([charge(9)])).refused == -1
    assert (await sums.add([charge(1)])).refused == 0


async def test_amounts_beyond_64_bits_are_exact(sums: Sums) -> None:
    most = 10**22
    assert (await sums.add([charge(most - 1, most)])).refused == -1
    assert (await sums.add([charge(2, most)])).refused == 0
    assert (await sums.add([charge(1, most)])).refused == -1


async def test_what_is_older_than_the_window_counts_no_more(sums: Sums) -> None:
    for slot in (1, 2, 3):
        assert (await sums.add([charge(3, slot=slot, since=1)])).refused == -1
    assert await sums.add([charge(5, slot=4, since=1)]) == Charged(refused=0, frees=2)
    assert await sums.add([charge(4, slot=4, since=1)]) == Charged(refused=0, frees=1)
    assert (await sums.add([charge(5, slot=4, since=3)])).refused == -1


async def test_no_waiting_helps_what_is_too_much_by_itself(sums: Sums) -> None:
    await sums.add([charge(5)])
    assert await sums.add([charge(11)]) == Charged(refused=0, frees=-1)


async def test_a_clock_set_back_forgets_nothing(sums: Sums) -> None:
    await sums.add([charge(10, slot=9, since=9)])
    assert (await sums.add([charge(1, slot=8, since=8)])).refused == 0


async def test_who_comes_late_into_a_new_window_counts_there(sums: Sums) -> None:
    """A call that began yesterday finds today's sum: yesterday's is gone, and must not be begun anew."""
    await sums.add([charge(10, slot=5, since=5)])
    await sums.add([charge(4, slot=6, since=6)])
    assert (await sums.add([charge(7, slot=5, since=5)])).refused == 0
    late = charge(6, slot=5, since=5)
    assert (await sums.add([late])).refused == -1
    assert (await sums.add([charge(1, slot=6, since=6)])).refused == 0
    await sums.take_back([late])
    assert (await sums.add([charge(6, slot=6, since=6)])).refused == -1
    assert (await sums.add([charge(1, slot=6, since=6)])).refused == 0


async def test_what_is_taken_back_can_be_added_again_and_never_more(sums: Sums) -> None:
    await sums.add([charge(6), charge(6, key=b"other")])
    await sums.take_back([charge(6), charge(6, key=b"never")])
    await sums.take_back([charge(6)])
    assert (await sums.add([charge(10)])).refused == -1
    assert (await sums.add([charge(1)])).refused == 0
    assert (await sums.add([charge(5, key=b"other")])).refused == 0


async def test_a_sweep_removes_what_has_expired_and_only_that(sums: Sums) -> None:
    await sums.add([charge(10), charge(10, key=b"later", expires_at=Instant(NOW + 5000))])
    assert await sums.sweep(Instant(NOW + 1000)) == 1
    assert (await sums.add([charge(10)])).refused == -1
    assert (await sums.add([charge(1, key=b"later")])).refused == 0


async def test_it_is_there_after_a_restart(tmp_path: Path) -> None:
    for expected in (-1, 0):
        sums = LmdbSums(tmp_path / "sums.mdb")
        assert (await sums.add([charge(10)])).refused == expected
        sums.close()


RACE = """
import asyncio, sys
from pathlib import Path
from ringfence.store.embedded.lmdb_sums import LmdbSums
from ringfence.store.sums import Charge
async def main():
    sums = LmdbSums(Path(sys.argv[1]))
    print("ready", flush=True)
    sys.stdin.readline()
    asked = [Charge(b"k", amount, 100_000, 1, 1, 1_900_000_000.0) for amount in range(901, 1001)]
    done = await asyncio.gather(*(sums.add([one]) for one in asked))
    paid = sum(a.amount for a, d in zip(asked, done) if d.refused < 0)
    left = [a for a, d in zip(asked, done) if d.refused < 0]
    await sums.take_back(left[:3])
    print(paid, sum(a.amount for a in left[:3]), len(left))
asyncio.run(main())
"""


def test_of_processes_that_pay_at_once_none_goes_beyond_and_what_is_taken_back_is_exact(
    tmp_path: Path, start: Callable, outputs: Callable
) -> None:
    """Four processes of 100 payments each; the sum has room for about a hundred of the four hundred."""
    racers = [start(RACE, tmp_path / "sums.mdb") for _ in range(4)]
    results = [[int(n) for n in text.split()] for text in outputs(racers)]
    paid, back = sum(r[0] for r in results), sum(r[1] for r in results)
    assert paid - back <= 100_000
    assert paid > 99_000
    assert sum(1 for r in results if r[2]) > 1, "the processes did not overlap: the test shows nothing"


async def test_the_rest_after_a_race_is_the_rest_to_the_unit(
    tmp_path: Path, start: Callable, outputs: Callable
) -> None:
    racers = [start(RACE, tmp_path / "sums.mdb") for _ in range(3)]
    results = [[int(n) for n in text.split()] for text in outputs(racers)]
    rest = 100_000 - sum(r[0] - r[1] for r in results)
    sums = LmdbSums(tmp_path / "sums.mdb")
    asked = {"key": b"k", "most": 100_000, "slot": 1, "since": 1}
    assert (await sums.add([charge(rest + 1, **asked)])).refused == 0
    assert (await sums.add([charge(rest, **asked)])).refused == -1
    sums.close()
