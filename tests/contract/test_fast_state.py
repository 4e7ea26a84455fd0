"""Every `FastState` keeps these promises, alone and shared by processes."""

import asyncio
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from ringfence.clock import Instant
from ringfence.store.embedded.lmdb_state import LmdbState
from ringfence.store.interface import Admission, Bucket, FastState, Lease, Quota, Unavailable

NOW = Instant(1_800_000_000.0)

OPENERS = {"lmdb": LmdbState}
"""Each engine by what opens it in a directory; a further one is one line."""


def at(seconds: float) -> Instant:
    return Instant(NOW + seconds)


@pytest.fixture(params=OPENERS)
def state(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FastState]:
    opened = OPENERS[request.param](tmp_path / "fast")
    yield opened
    opened.close()


def bucket(key: bytes = b"b", rate: float = 1.0, burst: int = 2, cost: float = 1.0) -> Bucket:
    return Bucket(key, 1 / rate, burst / rate, cost)


# claims


async def test_a_key_is_claimed_once(state: FastState) -> None:
    assert await state.claim(b"jti", at(60), NOW)
    assert not await state.claim(b"jti", at(60), NOW)
    assert not await state.claim(b"jti", at(600), at(59.9))
    assert await state.claim(b"other", at(60), NOW)


async def test_an_ended_claim_can_be_made_again_and_then_stands(state: FastState) -> None:
    assert await state.claim(b"jti", at(60), NOW)
    assert await state.claim(b"jti", at(120), at(60))
    assert not await state.claim(b"jti", at(180), at(100))


async def test_a_sweep_of_the_first_claims_end_keeps_the_second_claim(state: FastState) -> None:
    await state.claim(b"jti", at(10), NOW)
    await state.claim(b"jti", at(1000), at(20))
    await state.sweep(at(500))
    assert not await state.claim(b"jti", at(2000), at(500))


async def test_keys_that_share_a_long_beginning_are_different(state: FastState) -> None:
    assert await state.claim(b"k" * 255 + b"1", at(60), NOW)
    assert await state.claim(b"k" * 255 + b"2", at(60), NOW)
    assert not await state.claim(b"k" * 255 + b"2", at(60), NOW)


async def test_a_call_that_claims_one_key_twice_is_a_replay_and_leaves_no_trace(state: FastState) -> None:
    answer = await state.admit(Admission(claims=((b"x", at(60)), (b"x", at(60)))), NOW)
    assert answer.replayed == 1
    assert await state.claim(b"x", at(60), NOW)


async def test_a_clock_set_back_after_a_sweep_finds_the_claim(state: FastState) -> None:
    await state.claim(b"jti", at(60), NOW)
    await state.sweep(at(100))
    assert not await state.claim(b"jti", at(60), at(-10))


# buckets


async def test_a_bucket_lets_its_burst_and_one_through_then_its_rate(state: FastState) -> None:
    asked = Admission(buckets=(bucket(burst=2),))
    remaining = [(await state.admit(asked, NOW)).remaining for _ in range(3)]
    assert remaining == [2, 1, 0]
    refused = await state.admit(asked, NOW)
    assert refused.limited == 0
    assert refused.retry_after == pytest.approx(1.0)
    assert (await state.admit(asked, at(0.999))).limited == 0
    assert (await state.admit(asked, at(1.0))).limited == -1
    assert (await state.admit(asked, at(1.0))).limited == 0


async def test_refused_calls_cost_nothing(state: FastState) -> None:
    asked = Admission(buckets=(bucket(burst=1),))
    for _ in range(50):
        await state.admit(asked, NOW)
    assert (await state.admit(asked, at(1))).limited == -1


async def test_if_one_bucket_refuses_none_is_charged(state: FastState) -> None:
    small, large = bucket(b"small", burst=1), bucket(b"large", burst=5)
    for _ in range(2):
        await state.admit(Admission(buckets=(small,)), NOW)
    assert (await state.admit(Admission(buckets=(large, small)), NOW)).limited == 1
    assert (await state.admit(Admission(buckets=(large,)), NOW)).remaining == 5


async def test_the_tightest_bucket_says_what_remains(state: FastState) -> None:
    answer = await state.admit(Admission(buckets=(bucket(b"1", burst=9), bucket(b"2", burst=3))), NOW)
    assert answer.remaining == 3


async def test_a_call_may_cost_more_than_one_unit(state: FastState) -> None:
    asked = Admission(buckets=(bucket(burst=5, cost=3.0),))
    assert (await state.admit(asked, NOW)).remaining == 1
    assert (await state.admit(asked, NOW)).remaining == 0
    assert (await state.admit(asked, NOW)).retry_after == pytest.approx(3.0)


async def test_a_fast_bucket_does_not_drift(state: FastState) -> None:
    asked = Admission(buckets=(bucket(rate=30_000, burst=10),))
    passed = 0
    for i in range(3000):
        passed += (await state.admit(asked, at(i / 60_000))).limited == -1
    assert passed <= 3000 / 2 + 11
    assert passed >= 3000 / 2


async def test_a_clock_set_back_does_not_lock_the_caller_out(state: FastState) -> None:
    asked = Admission(buckets=(bucket(burst=2),))
    for _ in range(4):
        await state.admit(asked, at(3600))
    assert (await state.admit(asked, NOW)).limited == -1
    assert (await state.admit(asked, NOW)).retry_after == pytest.approx(1.0)
    assert (await state.admit(asked, at(1))).limited == -1


async def test_a_bucket_is_full_again_after_a_sweep(state: FastState) -> None:
    asked = Admission(buckets=(bucket(burst=2),))
    await state.admit(asked, NOW)
    assert await state.sweep(at(10_000)) == 1
    assert (await state.admit(asked, at(10_000))).remaining == 2


# blocks


async def test_a_block_refuses_until_it_ends(state: FastState) -> None:
    asked = Admission(blocks=(b"grant:1", b"client:1"))
    assert (await state.admit(asked, NOW)).blocked == -1
    await state.block([b"client:1"], at(300), NOW)
    assert (await state.admit(asked, at(299))).blocked == 1
    assert (await state.admit(asked, at(300))).blocked == -1


async def test_a_later_shorter_block_does_not_shorten(state: FastState) -> None:
    await state.block([b"k"], at(300), NOW)
    await state.block([b"k"], at(10), NOW)
    assert (await state.admit(Admission(blocks=(b"k",)), at(200))).blocked == 0


async def test_unblock_takes_it_back_and_an_unknown_one_is_no_mistake(state: FastState) -> None:
    await state.block([b"k", b"l"], at(300), NOW)
    await state.unblock([b"k", b"never"])
    assert (await state.admit(Admission(blocks=(b"k",)), NOW)).blocked == -1
    assert (await state.admit(Admission(blocks=(b"l",)), NOW)).blocked == 0


async def test_a_blocked_call_claims_and_charges_nothing(state: FastState) -> None:
    await state.block([b"k"], at(10), NOW)
    asked = Admission(blocks=(b"k",), claims=((b"c", at(60)),), buckets=(bucket(burst=2),))
    assert (await state.admit(asked, NOW)).blocked == 0
    answer = await state.admit(asked, at(10))
    assert (answer.blocked, answer.replayed, answer.remaining) == (-1, -1, 2)


async def test_claims_stay_when_a_bucket_refuses_and_a_replay_is_not_charged(state: FastState) -> None:
    limit = bucket(burst=1)
    assert (await state.admit(Admission(claims=((b"1", at(60)),), buckets=(limit,)), NOW)).remaining == 1
    assert (await state.admit(Admission(claims=((b"1", at(60)),), buckets=(limit,)), NOW)).replayed == 0
    assert (await state.admit(Admission(claims=((b"2", at(60)),), buckets=(limit,)), NOW)).remaining == 0
    assert (await state.admit(Admission(claims=((b"3", at(60)),), buckets=(limit,)), NOW)).limited == 0
    assert (await state.admit(Admission(claims=((b"3", at(60)),), buckets=(limit,)), NOW)).replayed == 0


async def test_a_sweep_removes_what_ended_and_only_that(state: FastState) -> None:
    for i in range(1000):
        await state.claim(b"old%d" % i, at(60), NOW)
    await state.claim(b"live", at(5000), NOW)
    await state.block([b"old"], at(60), NOW)
    await state.block([b"live"], at(5000), NOW)
    assert await state.sweep(at(1000)) == 1001
    assert await state.sweep(at(1000)) == 0
    assert not await state.claim(b"live", at(5000), at(1000))
    assert (await state.admit(Admission(blocks=(b"live",)), at(1000))).blocked == 0


async def test_nothing_asked_is_admitted(state: FastState) -> None:
    answer = await state.admit(Admission(), NOW)
    assert (answer.blocked, answer.replayed, answer.limited, answer.remaining) == (-1, -1, -1, -1)


# quotas and places in flight

DAY = 86_400


def quota(slot: int = 7, most: int = 2) -> Quota:
    return Quota(b"q", most, 1, slot, at(DAY * (slot - 6)))


async def test_a_quota_is_for_its_day_and_outlives_sweeps(state: FastState) -> None:
    asked = Admission(quotas=(quota(),))
    assert [(await state.admit(asked, NOW)).limited for _ in range(3)] == [-1, -1, 0]
    await state.sweep(at(DAY - 1))
    assert (await state.admit(asked, at(DAY - 1))).retry_after == pytest.approx(1.0)
    assert (await state.admit(Admission(quotas=(quota(8),)), at(DAY))).limited == -1
    assert await state.sweep(at(3 * DAY)) == 1


async def test_a_place_in_flight_is_given_back_held_on_or_ends(state: FastState) -> None:
    asked = Admission(leases=(Lease(b"l", 1, at(60)),))
    for _ in range(3):
        assert (await state.admit(asked, NOW)).limited == -1
        assert (await state.admit(asked, NOW)).limited == 0
        await state.release(asked.leases)
    await state.admit(asked, NOW)
    await state.release(asked.leases, at(90))
    later = Admission(leases=(Lease(b"l", 1, at(140)),))
    assert (await state.admit(later, at(80))).limited == 0
    assert (await state.admit(later, at(90))).limited == -1
    assert await state.sweep(at(1000)) == 1


async def test_a_look_tells_and_takes_nothing(state: FastState) -> None:
    asked = Admission(buckets=(bucket(),), quotas=(quota(),), leases=(Lease(b"l", 2, at(60)),))
    for _ in range(2):
        assert [standing.left for standing in (await state.look(asked, NOW)).standings] == [2, 1, 1]
    await state.admit(asked, NOW)
    assert [standing.left for standing in (await state.look(asked, NOW)).standings] == [1, 0, 0]


# several processes

RACE = """
import asyncio, sys
from pathlib import Path
from ringfence.store.embedded.lmdb_state import LmdbState
from ringfence.store.interface import Admission, Bucket
async def main():
    state = LmdbState(Path(sys.argv[1]))
    won = passed = 0
    print("ready", flush=True)
    sys.stdin.readline()
    for i in range(int(sys.argv[2])):
        won += await state.claim(b"key%d" % i, 1_800_000_060.0, 1_800_000_000.0)
        asked = Admission(buckets=(Bucket(b"shared", 0.001, 0.499),))
        passed += (await state.admit(asked, 1_800_000_000.0)).limited == -1
    print(won, passed)
asyncio.run(main())
"""


def test_of_processes_that_claim_one_key_one_wins_and_a_bucket_is_never_overdrawn(
    tmp_path: Path, start: Callable, outputs: Callable
) -> None:
    racers = [start(RACE, tmp_path / "fast", 2000) for _ in range(4)]
    results = [text.split() for text in outputs(racers)]
    assert sum(int(won) for won, _ in results) == 2000
    assert sum(int(passed) for _, passed in results) == 500
    assert sum(1 for won, _ in results if int(won)) > 1, "the processes did not overlap: the test shows nothing"


LIMITS = """
import asyncio, sys
from pathlib import Path
from ringfence.store.embedded.lmdb_state import LmdbState
from ringfence.store.interface import Admission, Bucket, Lease, Quota
NOW = 1_800_000_000.0
def asked(kinds, name):
    buckets = (Bucket(name + b"b", 0.001, 0.099),) if "b" in kinds else ()
    quotas = (Quota(name + b"q", 80, 1, 7, NOW + 60),) if "q" in kinds else ()
    return Admission((), (), buckets, quotas, (Lease(name + b"l", 60, NOW + 60),) if "l" in kinds else ())
async def main():
    state = LmdbState(Path(sys.argv[1]))
    print("ready", flush=True)
    sys.stdin.readline()
    each = [asked("b", b"1"), asked("q", b"2"), asked("l", b"3"), asked("bql", b"4")]
    print(*[sum([(await state.admit(one, NOW)).limited == -1 for _ in range(4)]) for one in each])
asyncio.run(main())
"""


def test_two_hundred_calls_of_fifty_processes_get_exactly_what_is_declared(
    tmp_path: Path, start: Callable, outputs: Callable
) -> None:
    results = [text.split() for text in outputs([start(LIMITS, tmp_path / "fast") for _ in range(50)])]
    assert [sum(int(result[i]) for result in results) for i in range(4)] == [100, 80, 60, 60]


LOOP = """
import asyncio, sys, os
from pathlib import Path
from ringfence.store.embedded.lmdb_state import LmdbState
from ringfence.store.interface import Admission, Bucket
async def main():
    state = LmdbState(Path(sys.argv[1]))
    i = 0
    while True:
        claim = b"%d-%d" % (os.getpid(), i)
        asked = Admission(claims=((claim, 1_800_000_600.0),), buckets=(Bucket(b"b%d" % (i % 50), 0.000001, 1.0),))
        await state.admit(asked, 1_800_000_000.0)
        if i % 100 == 0:
            os.write(1, b"%d\\n" % i)
        i += 1
asyncio.run(main())
"""


async def test_a_worker_killed_in_the_middle_harms_nobody_and_loses_no_claim(
    state: FastState, tmp_path: Path, start: Callable
) -> None:
    for _ in range(6):
        worker = start(LOOP, tmp_path / "fast")
        deadline = time.monotonic() + 20
        worker.stdout.readline()
        await asyncio.sleep(0.05)
        worker.send_signal(signal.SIGKILL)
        last = int(worker.stdout.read().split()[-1])
        assert time.monotonic() < deadline
        for i in range(last + 1):
            assert not await state.claim(b"%d-%d" % (worker.pid, i), at(600), NOW)
    await state.sweep(NOW)


# running out of room


async def test_a_full_map_is_unavailable_until_a_sweep_makes_room(tmp_path: Path) -> None:
    state = LmdbState(tmp_path / "small", map_size=1 << 19)
    claimed = 0

    async def fill() -> None:
        nonlocal claimed
        for claimed in range(100_000):
            await state.claim(b"%d" % claimed, at(60), NOW)

    with pytest.raises(Unavailable):
        await fill()
    assert claimed > 1000
    assert not await state.claim(b"0", at(60), NOW)
    assert await state.sweep(at(1000)) == claimed
    assert await state.claim(b"anew", at(2000), at(1000))
    state.close()


# measures


async def test_a_step_up_refuses_whoever_has_not_proved_themselves_since(state: FastState) -> None:
    await state.measure([b"step-up:user:a"], NOW, at(60), NOW)
    asked = Admission(claims=((b"jti", at(60)),), step_up=(b"step-up:user:b", b"step-up:user:a"))
    refused = await state.admit(asked, at(1))
    assert (refused.step_up, refused.step_up_since) == (1, NOW)
    again = Admission(claims=asked.claims, step_up=asked.step_up, proved_at=NOW)
    assert (await state.admit(again, at(1))).replayed < 0, "what was refused claimed nothing"
    later = Admission(step_up=asked.step_up, proved_at=at(-1))
    assert (await state.admit(later, at(59))).step_up == 1
    assert (await state.admit(later, at(60))).step_up == -1


async def test_a_throttle_multiplies_the_time_of_its_buckets_only(state: FastState) -> None:
    await state.measure([b"throttle:client:c"], 10.0, at(3600), NOW)
    slowed = Bucket(b"slow", 1.0, 20.0, slowed_by=(b"throttle:client:x", b"throttle:client:c"))
    free = Bucket(b"free", 1.0, 20.0, slowed_by=(b"throttle:client:x",))
    passed = {
        name: [(await state.admit(Admission(buckets=(b,)), NOW)).limited < 0 for _ in range(30)].count(True)
        for name, b in (("slowed", slowed), ("free", free))
    }
    assert passed == {"slowed": 3, "free": 21}
    assert (await state.admit(Admission(buckets=(slowed,)), at(11))).limited < 0, "it is slowed, never stopped"


async def test_of_two_measures_the_later_end_and_the_greater_amount_stand(state: FastState) -> None:
    await state.measure([b"m"], 5.0, at(100), NOW)
    await state.measure([b"m"], 3.0, at(50), NOW)
    assert (await state.admit(Admission(step_up=(b"m",), proved_at=Instant(4.0)), at(99))).step_up == 0
    await state.measure([b"m"], 1.0, at(300), at(150))
    assert (await state.admit(Admission(step_up=(b"m",), proved_at=Instant(1.0)), at(200))).step_up == -1
    await state.unblock([b"m"])
    assert (await state.admit(Admission(step_up=(b"m",)), at(10))).step_up == -1


async def test_tokens_of_before_a_measure_are_refused_and_claim_nothing(state: FastState) -> None:
    await state.measure([b"s"], NOW + 2, at(100), NOW)
    old = Admission(superseded=(b"s",), issued_at=Instant(NOW + 1), claims=((b"jti", at(100)),))
    assert (await state.admit(old, at(5))).superseded == 0
    assert (await state.admit(msgspec.structs.replace(old, issued_at=Instant(NOW + 2)), at(5))).superseded == -1
    assert (await state.admit(Admission(superseded=(b"s",)), at(101))).superseded == -1
    await state.block([b"b"], at(100), NOW)
    assert (await state.admit(msgspec.structs.replace(old, blocks=(b"b",)), at(5))).blocked == 0


async def test_measures_outlive_the_process_and_are_swept(tmp_path: Path) -> None:
    state = LmdbState(tmp_path / "fast")
    await state.measure([b"m"], 5.0, at(100), NOW)
    state.close()
    state = LmdbState(tmp_path / "fast", boot=lambda: "another")
    assert (await state.admit(Admission(step_up=(b"m",)), at(10))).step_up == 0
    assert await state.sweep(at(50)) == 0
    assert await state.sweep(at(10_000)) == 1
    state.close()
