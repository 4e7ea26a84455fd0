"""SIGKILL at every write of a compromise and of a shredding: nothing is lost, and asked again it is completed."""

import subprocess
import sys
import textwrap
from pathlib import Path

import msgspec
import pytest

from ringfence.custody.wire import Context, Generate, Refusal, Unwrap
from ringfence.keys import rotation
from ringfence.keys.compromise import Compromise
from ringfence.keys.schedule import replace, tend
from ringfence.keys.states import State
from tests import keys_fixture

CONTEXT, ACME = Context("t", "/f", "s"), Context("client:acme", "/pan")
ROOT = Path(__file__).parents[2]
OPERATORS = frozenset({11, 12, 13})

SCRIPT = textwrap.dedent(
    """
    import asyncio, itertools, os, shutil, signal, sys
    from pathlib import Path
    sys.path.insert(0, sys.argv[1])
    from ringfence.keys import rotation
    from ringfence.keys.compromise import Compromise
    from tests.keys_fixture import open_keeper

    before, deaths, wish = Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4]
    rotation.BATCH = 3

    async def approve(folder, die_at):
        keeper = open_keeper(folder, ahead=0.0)
        keeper.ledger._database.execute("pragma synchronous=off")  # a kill takes nothing that the kernel has
        writes = itertools.count()

        def about_to(statement):
            if not statement.lower().startswith("select") and next(writes) == die_at:
                os.kill(os.getpid(), signal.SIGKILL)

        keeper.ledger._database.set_trace_callback(about_to)
        compromise = Compromise(keeper, frozenset({11, 12, 13}))
        for uid in (11, 12):
            await compromise.approve(wish, uid)
        while compromise._work:
            await asyncio.gather(*compromise._work)

    for die_at in range(200):
        folder = deaths / str(die_at)
        shutil.copytree(before, folder)
        child = os.fork()
        if not child:
            asyncio.run(approve(folder, die_at))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if os.WIFEXITED(status):
            sys.exit(os.WEXITSTATUS(status))
        assert os.WTERMSIG(status) == signal.SIGKILL
    """
)


def died(before: Path, wish: str) -> list[Path]:
    """Return what each death left, and at last what is left when nobody kills it."""
    deaths = before.parent / "deaths"
    command = [sys.executable, "-c", SCRIPT, str(ROOT), str(before), str(deaths), wish]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert ended.returncode == 0, ended.stderr
    return sorted(deaths.iterdir(), key=lambda path: int(path.name))


def reopened(folder: Path):
    keeper = keys_fixture.open_keeper(folder, ahead=0.0)
    keeper.ledger._database.execute("pragma synchronous=off")
    return keeper


@pytest.fixture
def before(tmp_path) -> Path:
    folder = tmp_path / "before"
    folder.mkdir()
    return folder


async def opens(keeper, made, context: Context = CONTEXT) -> set[str]:
    replies = [await keeper.answer("gateway", Unwrap(one.data_key, context)) for one in made]
    for reply, one in zip(replies, made, strict=True):
        assert isinstance(reply, Refusal) or reply.secret == one.secret
    return {reply.kind if isinstance(reply, Refusal) else "opens" for reply in replies}


async def asked_again(keeper, wish_id: str) -> dict:
    compromise = Compromise(keeper, OPERATORS)
    for uid in (11, 12):
        await compromise.approve(wish_id, uid)
    while compromise._work:
        await compromise._work.pop()
    await tend(keeper, keeper.clock())
    return compromise.shown(keeper.ledger.wish(wish_id))


async def wished(before: Path, state: State):
    """Return data keys, and the wish to declare the KEK compromised that wraps all or some of them."""
    keeper = keys_fixture.open_keeper(before)
    made = [await keeper.answer("gateway", Generate("data", CONTEXT)) for _ in range(5)]
    key = await keeper.active("data")
    if state is State.DEACTIVATED:
        backend = keeper.backends["local"]
        async with keeper.moving["data"]:
            await replace(keeper, "data", keeper.clock(), "test", "asked")
        for one in made[:4]:  # as after a batch in which they could not be opened
            record = keeper.ledger.data_key(one.data_key)
            wrapped = backend.wrap(key.handle, one.secret, rotation.context_of(record))
            keeper.ledger._database.execute(
                "update data_keys set key_id = ?, wrapped = ? where data_key = ?", (key.key_id, wrapped, one.data_key)
            )
    assert keeper.ledger.key(key.key_id).state is state
    wish = Compromise(keeper, OPERATORS).wish(keeper.ledger.key(key.key_id), "uid:0", "leaked")
    keeper.close()
    return made, wish


@pytest.mark.parametrize("state", [State.ACTIVE, State.DEACTIVATED])
async def test_a_compromise(before, state):
    made, wish = await wished(before, state)
    left = died(before, wish.wish_id)
    assert len(left) > 15
    for folder in left:
        keeper = reopened(folder)
        assert await opens(keeper, made) == {"opens"}, folder.name
        shown = await asked_again(keeper, wish.wish_id)
        assert (shown["done"], shown["left"]) == (True, 0), folder.name
        assert keeper.ledger.key(wish.key_id).state is State.COMPROMISED
        assert [key.state for key in keeper.ledger.keys("data")].count(State.ACTIVE) == 1
        assert keeper.ledger.journeys(unfinished=True) == []
        assert await opens(keeper, made) == {"opens"}, folder.name
        keeper.close()


async def test_a_shredding(before):
    keeper = keys_fixture.open_keeper(before)
    keeper.settings = msgspec.structs.replace(keeper.settings, tenants=frozenset({"client:*"}))
    gone = [await keeper.answer("gateway", Generate("data", ACME)) for _ in range(3)]
    other = [await keeper.answer("gateway", Generate("data", CONTEXT)) for _ in range(2)]
    wrapped = [keeper.ledger.data_key(one.data_key).wrapped for one in gone]
    wish = Compromise(keeper, OPERATORS).wish_to_shred("client:acme", "uid:0", "over")
    keeper.close()
    left = died(before, wish.wish_id)
    assert len(left) > 10
    for folder in left:
        keeper = reopened(folder)
        done = keeper.ledger.wish(wish.wish_id).done_at is not None
        assert await opens(keeper, gone, ACME) == {"shredded" if done else "opens"}, folder.name
        if done:  # what the dead process had not overwritten on the disk is, as soon as there is another
            disk = b"".join(path.read_bytes() for path in folder.iterdir())
            assert not [text for text in wrapped if text in disk], folder.name
        shown = await asked_again(keeper, wish.wish_id)
        assert (shown["done"], shown["shredded"]) == (True, 3), folder.name
        assert await opens(keeper, gone, ACME) == {"shredded"}
        assert await opens(keeper, other) == {"opens"}
        assert {key.state for key in keeper.ledger.keys("data@client:acme")} == {State.DESTROYED}, folder.name
        keeper.close()
