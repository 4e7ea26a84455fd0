import json
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import msgspec
import pytest

from ringfence.custody.limits import SOFT
from ringfence.custody.wire import Context, DataKey, Generate, Refusal, SignToken, Token, Unwrap
from ringfence.keys import rotation
from ringfence.keys.purposes import Kind
from ringfence.keys.rotation import DAY, Rule, due, rule_of
from ringfence.keys.schedule import replace, tend
from ringfence.keys.states import State

CONTEXT = Context("t", "/f", "s")
ROOT = Path(__file__).parents[3]


def states(keeper, purpose):
    return [(key.key_id, key.state) for key in keeper.ledger.keys(purpose)]


async def test_a_new_token_key_is_published_before_it_signs(keeper, clock):
    old = await keeper.active("token")
    async with keeper.moving["token"]:
        journey = await replace(keeper, "token", clock(), "test", "asked")
    assert journey.finished_at is None
    assert (await keeper.active("token")).key_id == old.key_id
    assert states(keeper, "token")[0] == (journey.new, State.PRE_ACTIVATION)
    clock.now += 599
    await tend(keeper, clock())
    assert (await keeper.active("token")).key_id == old.key_id
    clock.now += 1
    await tend(keeper, clock())
    assert (await keeper.active("token")).key_id == journey.new
    assert keeper.ledger.key(old.key_id).state is State.DEACTIVATED
    assert keeper.ledger.journeys(unfinished=True) == []


async def test_tokens_are_signed_all_the_way_through(keeper, clock):
    for _ in range(5):
        assert isinstance(await keeper.answer("oauth", SignToken("token", "t", b"{}")), Token)
        async with keeper.moving["token"]:
            if not keeper.ledger.journeys(unfinished=True):
                await replace(keeper, "token", clock(), "test", "asked")
        assert isinstance(await keeper.answer("oauth", SignToken("token", "t", b"{}")), Token)
        clock.now += 300
        await tend(keeper, clock())


async def test_data_keys_are_wrapped_anew_and_open_as_before(keeper, clock, monkeypatch):
    monkeypatch.setattr(rotation, "BATCH", 4)
    made = [await keeper.answer("gateway", Generate("data", CONTEXT)) for _ in range(11)]
    old = await keeper.active("data")
    before = {one.data_key: keeper.ledger.data_key(one.data_key).wrapped for one in made}
    async with keeper.moving["data"]:
        journey = await replace(keeper, "data", clock(), "test", "asked")
    assert (journey.rewrapped, journey.finished_at) == (11, clock())
    assert keeper.ledger.count_under(old.key_id) == []
    for one in made:
        assert keeper.ledger.data_key(one.data_key).wrapped != before[one.data_key]
        assert (await keeper.answer("gateway", Unwrap(one.data_key, CONTEXT))).secret == one.secret


async def test_one_that_does_not_open_is_left_and_counted_and_the_others_go_on(keeper, clock):
    made = [await keeper.answer("gateway", Generate("data", CONTEXT)) for _ in range(3)]
    old = await keeper.active("data")
    keeper.ledger._database.execute("update data_keys set wrapped = x'00' where data_key = ?", (made[0].data_key,))
    async with keeper.moving["data"]:
        journey = await replace(keeper, "data", clock(), "test", "asked")
    assert (journey.rewrapped, journey.finished_at) == (2, clock())
    assert [row["data_keys"] for row in keeper.ledger.count_under(old.key_id)] == [1]


@pytest.mark.parametrize(
    ("purpose", "days", "uses", "age", "count"),
    [
        ("token", None, None, 60 * DAY, 0),
        ("data", None, None, 365 * DAY, SOFT),
        ("index", None, None, 0, 0),
        ("data", 10, 5, 10 * DAY, 5),
        ("data", 0, 0, 0, 0),
    ],
)
def test_what_the_policy_says_and_what_it_leaves_out(purpose, days, uses, age, count):
    assert rule_of(purpose, days, uses) == Rule(age, count)


async def test_when_a_key_is_due(keeper, clock):
    key = await keeper.active("data")
    rule = Rule(100.0, 1000)
    start = clock()
    assert due(key, rule, start + 99) == ""
    assert due(key, rule, start + 100) == "age"
    assert due(key, rule, start + 60, ahead=40) == "age"
    assert due(msgspec.structs.replace(key, uses=1000), rule, start) == "uses"
    assert due(msgspec.structs.replace(key, uses=SOFT), Rule(0, 0), start + 1e9) == ""


STEPS_SCRIPT = textwrap.dedent(
    """
    import asyncio, os, signal, sys
    from pathlib import Path
    sys.path.insert(0, sys.argv[1])
    from ringfence.keys import rotation, schedule
    from tests.keys_fixture import open_keeper

    folder, die_at, purpose = Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    rotation.BATCH = 3
    passed = 0

    async def step(name):
        global passed
        if passed == die_at:
            os.kill(os.getpid(), signal.SIGKILL)
        passed += 1

    original = rotation.go_on

    async def killed(work, journey, now, by):
        return await original(work, journey, now, by, step)

    async def main():
        keeper = open_keeper(folder, ahead=0.0)
        schedule.go_on = killed
        async with keeper.moving[purpose]:
            await schedule.replace(keeper, purpose, keeper.clock(), "test", "asked")
        print("through", passed)

    asyncio.run(main())
    """
)


def rotate_and_die(folder, die_at, purpose):
    return subprocess.run(
        [sys.executable, "-c", STEPS_SCRIPT, str(ROOT), str(folder), str(die_at), purpose],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("purpose", ["data", "token"])
async def test_killed_at_every_step_nothing_is_lost_or_half_wrapped(tmp_path, open_keeper, clock, purpose):
    """SIGKILL in each step in turn; the next start goes on, and what was protected before opens after."""
    keeper = open_keeper()
    made = [await keeper.answer("gateway", Generate("data", CONTEXT)) for _ in range(10)]
    await keeper.active(purpose)
    keeper.close()
    deaths = 0
    for die_at in range(40):
        ended = rotate_and_die(tmp_path, die_at, purpose)
        keeper = open_keeper()
        if ended.returncode == 0:
            keeper.close()
            break
        assert ended.returncode == -signal.SIGKILL, ended.stderr
        deaths += 1
        # half-way, everything opens and something signs
        for one in made:
            assert (await keeper.answer("gateway", Unwrap(one.data_key, CONTEXT))).secret == one.secret
        keys_before = len(keeper.ledger.keys(purpose))
        await tend(keeper, clock())
        (last,) = keeper.ledger.journeys()[-1:]
        assert last.finished_at is not None
        assert len(keeper.ledger.keys(purpose)) <= keys_before + 1
        in_force = [key for key in keeper.ledger.keys(purpose) if key.state is State.ACTIVE]
        assert [key.key_id for key in in_force] == [last.new]
        assert keeper.ledger.count_under(last.old) == []
        for one in made:
            assert (await keeper.answer("gateway", Unwrap(one.data_key, CONTEXT))).secret == one.secret
        reply = await keeper.answer("oauth", SignToken("token", "t", json.dumps({"n": die_at}).encode()))
        assert not isinstance(reply, Refusal)
        keeper.close()
    assert deaths == {"data": 9, "token": 5}[purpose], ended.stdout
    assert isinstance(made[0], DataKey)


async def test_data_keys_move_to_a_key_of_ml_kem_and_x25519_and_back(keeper):
    made = [await keeper.answer("gateway", Generate("data", Context("t", f"/{n}", ""))) for n in range(3)]
    for kind in (Kind.HYBRID, Kind.AES256):
        keeper.settings.kinds["data"] = kind
        await replace(keeper, "data", keeper.clock(), "test", "another algorithm")
        assert (await keeper.active("data")).kind is kind
        assert {keeper.ledger.data_key(one.data_key).key_id for one in made} == {(await keeper.active("data")).key_id}
        for n, one in enumerate(made):
            opened = await keeper.answer("gateway", Unwrap(one.data_key, Context("t", f"/{n}", "")))
            assert opened.secret == one.secret
            assert (await keeper.answer("gateway", Unwrap(one.data_key, Context("t", "/x", "")))).kind == "failed"
