"""Every `IdempotencyKeys` keeps these promises, alone and shared by processes."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ringfence.clock import Instant
from ringfence.store.embedded.lmdb_idempotency import LmdbIdempotencyKeys
from ringfence.store.idempotency import Answer, Entry, IdempotencyKeys, Standing
from ringfence.store.interface import Unavailable

NOW = Instant(1_800_000_000.0)
OPENERS = {"lmdb": LmdbIdempotencyKeys}
ANSWER = Answer(201, (("location", "/p/1"),), b'{"id":1}')


@pytest.fixture(params=OPENERS)
def keys(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[IdempotencyKeys]:
    opened = OPENERS[request.param](tmp_path / "keys.mdb")
    yield opened
    opened.close()


def entry(owner: str = "a", **more: Any) -> Entry:
    fields: dict[str, Any] = {"until": Instant(NOW + 30), "expires_at": Instant(NOW + 600), **more}
    return Entry(fingerprint=b"f", owner=owner, **fields)


async def test_of_fifty_at_once_one_gets_the_key(keys: IdempotencyKeys) -> None:
    found = await asyncio.gather(*(keys.claim(b"k", entry(str(i)), NOW) for i in range(50)))
    (winner,) = [str(i) for i, standing in enumerate(found) if standing is None]
    assert {standing.owner for standing in found if standing is not None} == {winner}


async def test_the_answer_stands_until_it_expires(keys: IdempotencyKeys) -> None:
    assert await keys.claim(b"k", entry(), NOW) is None
    assert await keys.settle(b"k", "a", Standing.ANSWERED, ANSWER)
    found = await keys.claim(b"k", entry("b"), Instant(NOW + 599))
    assert found is not None
    assert (found.standing, found.answer) == (Standing.ANSWERED, ANSWER)
    assert await keys.claim(b"k", entry("b"), Instant(NOW + 600)) is None


async def test_only_the_owner_settles_and_once(keys: IdempotencyKeys) -> None:
    assert not await keys.settle(b"k", "a", Standing.UNCLEAR)
    await keys.claim(b"k", entry(), NOW)
    assert not await keys.settle(b"k", "b", Standing.ANSWERED, ANSWER)
    assert not await keys.release(b"k", "b")
    assert await keys.settle(b"k", "a", Standing.UNCLEAR)
    assert not await keys.settle(b"k", "a", Standing.ANSWERED, ANSWER)
    assert not await keys.release(b"k", "a")


async def test_a_released_key_is_anybodys(keys: IdempotencyKeys) -> None:
    await keys.claim(b"k", entry(), NOW)
    assert await keys.release(b"k", "a")
    assert await keys.claim(b"k", entry("b"), NOW) is None
    assert not await keys.release(b"k", "a")


async def test_one_who_comes_back_after_the_key_went_to_another_settles_nothing(keys: IdempotencyKeys) -> None:
    await keys.claim(b"k", entry(), NOW)
    assert await keys.claim(b"k", entry("b"), Instant(NOW + 700)) is None
    assert not await keys.settle(b"k", "a", Standing.ANSWERED, ANSWER)


async def test_a_sweep_removes_what_has_expired_and_only_that(keys: IdempotencyKeys) -> None:
    await keys.claim(b"k", entry(), NOW)
    await keys.claim(b"later", entry(expires_at=Instant(NOW + 5000)), NOW)
    assert await keys.sweep(Instant(NOW + 1000)) == 1
    assert await keys.claim(b"later", entry("b"), Instant(NOW + 1000)) is not None


async def test_a_full_file_is_unavailable(tmp_path: Path) -> None:
    keys = LmdbIdempotencyKeys(tmp_path / "small.mdb", map_bytes=1 << 17)

    async def fill() -> None:
        for i in range(1000):
            await keys.claim(b"%d" % i, entry(), NOW)
            await keys.settle(b"%d" % i, "a", Standing.ANSWERED, Answer(200, (), b"x" * 8192))

    with pytest.raises(Unavailable):
        await fill()
    assert await keys.claim(b"0", entry("b"), NOW) is not None
    keys.close()


RACE = """
import asyncio, sys
from pathlib import Path
from ringfence.store.embedded.lmdb_idempotency import LmdbIdempotencyKeys
from ringfence.store.idempotency import Entry
async def main():
    keys = LmdbIdempotencyKeys(Path(sys.argv[1]))
    print("ready", flush=True)
    sys.stdin.readline()
    entry = Entry(b"f", sys.argv[2], 1_800_000_030.0, 1_800_000_600.0)
    print(sum([await keys.claim(b"%d" % i, entry, 1_800_000_000.0) is None for i in range(300)]))
asyncio.run(main())
"""


async def test_of_processes_one_gets_each_key_and_a_dead_ones_keys_stay_in_use(
    tmp_path: Path, start: Callable, outputs: Callable
) -> None:
    racers = [start(RACE, tmp_path / "keys.mdb", i) for i in range(4)]
    won = [int(text) for text in outputs(racers)]
    assert sum(won) == 300
    assert sum(1 for n in won if n) > 1, "the processes did not overlap: the test shows nothing"
    keys = LmdbIdempotencyKeys(tmp_path / "keys.mdb")
    found = await keys.claim(b"7", entry("late"), NOW)
    assert found is not None
    assert found.standing is Standing.UNDER_WAY
    keys.close()
