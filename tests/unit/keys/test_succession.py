import asyncio

import msgspec
import pytest

from ringfence.custody.wire import Context, Done, Generate, Manage, Unwrap
from ringfence.keys import rotation
from ringfence.keys.backend import BackendGone
from ringfence.keys.compromise import Compromise
from ringfence.keys.management import Management
from ringfence.keys.schedule import replace, tend
from ringfence.keys.states import State

CONTEXT = Context("t", "/f")


@pytest.fixture
def compromise(keeper) -> Compromise:
    return Compromise(keeper, frozenset({11, 12, 13}))


async def approved(compromise: Compromise, key) -> dict:
    wish = compromise.wish(key, "uid:0", "leaked")
    await compromise.approve(wish.wish_id, 11)
    await compromise.approve(wish.wish_id, 12)
    while compromise._work:
        await asyncio.gather(*compromise._work)
    return compromise.shown(compromise._keeper.ledger.wish(wish.wish_id))


class Flaky:
    """A device that goes away after some calls of a verb, until it is let back."""

    name, threads = "local", 0

    def __init__(self, real, verb: str, calls: int) -> None:
        self.real, self.verb, self.calls = real, verb, calls

    def __getattr__(self, verb):
        if verb == self.verb:
            self.calls -= 1
            if self.calls < 0:
                raise BackendGone("no device")
        return getattr(self.real, verb)


async def half_way(keeper, monkeypatch, purpose: str = "data", calls: int = 4):
    """Return who had the keys before and has them now, of a rotation whose device went away in the middle."""
    monkeypatch.setattr(rotation, "BATCH", 3)
    real, old = keeper.backends["local"], await keeper.active(purpose)
    keeper.backends["local"] = Flaky(real, "unwrap", calls)
    async with keeper.moving[purpose]:
        with pytest.raises(BackendGone):
            await replace(keeper, purpose, keeper.clock(), "test", "asked")
    new = await keeper.active(purpose)
    assert keeper.ledger.left_under(old.key_id)
    assert keeper.ledger.left_under(new.key_id)
    return old, new, real


async def opened(keeper, made, context: Context = CONTEXT) -> None:
    for one in made:
        assert (await keeper.answer("gateway", Unwrap(one.data_key, context))).secret == one.secret


@pytest.mark.parametrize("back", ["before", "after"])
async def test_the_new_key_of_a_rotation_that_stands_half_way(keeper, compromise, clock, monkeypatch, back):
    made = [await keeper.answer("gateway", Generate("data", CONTEXT)) for _ in range(10)]
    old, new, real = await half_way(keeper, monkeypatch)
    if back == "before":
        keeper.backends["local"] = real
    shown = await approved(compromise, new)
    assert shown["done"] is (back == "before")
    keeper.backends["local"] = real
    await tend(keeper, clock())
    shown = compromise.shown(keeper.ledger.wishes()[0])
    third = await keeper.active("data")
    assert third.key_id not in {old.key_id, new.key_id}
    assert keeper.ledger.key(new.key_id).state is State.COMPROMISED
    assert (shown["done"], shown["left"], shown["new_key"]) == (True, 0, third.key_id)
    assert keeper.ledger.left_under(third.key_id) == 10
    assert keeper.ledger.journeys(unfinished=True) == []
    await opened(keeper, made)


async def test_both_keys_of_a_compromise_that_stands_half_way(keeper, compromise, clock, monkeypatch):
    made = [await keeper.answer("gateway", Generate("data", CONTEXT)) for _ in range(10)]
    monkeypatch.setattr(rotation, "BATCH", 3)
    real, first = keeper.backends["local"], await keeper.active("data")
    keeper.backends["local"] = Flaky(real, "unwrap", 4)
    assert not (await approved(compromise, first))["done"]
    second = await keeper.active("data")
    assert not (await approved(compromise, second))["done"]
    keeper.backends["local"] = real
    await opened(keeper, made)  # what the first wraps still is being saved, by the journey that took over
    await tend(keeper, clock())
    for wish in keeper.ledger.wishes():
        shown = compromise.shown(wish)
        assert (shown["done"], shown["left"]) == (True, 0)
    assert {keeper.ledger.key(one.key_id).state for one in (first, second)} == {State.COMPROMISED}
    await opened(keeper, made)


async def test_a_tenants_first_key_while_it_takes_over_what_the_common_one_wraps(
    keeper, compromise, clock, monkeypatch
):
    tenant = Context("client:acme", "/f")
    made = [await keeper.answer("gateway", Generate("data", tenant)) for _ in range(10)]
    keeper.settings = msgspec.structs.replace(keeper.settings, tenants=frozenset({"client:*"}))
    monkeypatch.setattr(rotation, "BATCH", 3)
    real, purpose = keeper.backends["local"], "data@client:acme"
    keeper.backends["local"] = Flaky(real, "unwrap", 4)
    with pytest.raises(BackendGone):
        await keeper.active(purpose)
    keeper.backends["local"] = real
    first = await keeper.active(purpose)
    shown = await approved(compromise, first)
    assert (shown["done"], shown["left"]) == (True, 0)
    second = await keeper.active(purpose)
    assert second.key_id != first.key_id
    assert keeper.ledger.left_under(second.key_id) == 10
    await opened(keeper, made, tenant)


async def test_a_replaced_key_while_its_successors_are_under_way(keeper, compromise, clock, monkeypatch):
    made = [await keeper.answer("gateway", Generate("data", CONTEXT)) for _ in range(10)]
    first = await keeper.active("data")
    backend = keeper.backends["local"]
    async with keeper.moving["data"]:
        await replace(keeper, "data", clock(), "test", "asked")
    left = made[0]  # as after a batch in which it could not be opened
    record = keeper.ledger.data_key(left.data_key)
    wrapped = backend.wrap(first.handle, left.secret, rotation.context_of(record))
    keeper.ledger._database.execute(
        "update data_keys set key_id = ?, wrapped = ? where data_key = ?", (first.key_id, wrapped, left.data_key)
    )
    _, third, real = await half_way(keeper, monkeypatch)
    keeper.backends["local"] = real
    shown = await approved(compromise, keeper.ledger.key(first.key_id))
    assert (shown["done"], shown["left"], shown["new_key"]) == (True, 0, third.key_id)
    assert keeper.ledger.key(first.key_id).state is State.COMPROMISED
    await opened(keeper, made)


async def test_the_next_key_of_a_compromise_that_waits_for_it(keeper, compromise, clock, monkeypatch):
    """The device went away between making the key and its first use; both keys turn out to be known outside."""
    old = await keeper.active("token")
    real = rotation._swap

    def gone(*_):
        raise BackendGone("no device")

    monkeypatch.setattr(rotation, "_swap", gone)
    shown = await approved(compromise, old)
    assert not shown["done"]
    following = await approved(compromise, keeper.ledger.key(shown["new_key"]))
    monkeypatch.setattr(rotation, "_swap", real)
    await tend(keeper, clock())
    shown = compromise.shown(next(wish for wish in keeper.ledger.wishes() if wish.key_id == old.key_id))
    assert shown["done"]
    assert {keeper.ledger.key(one).state for one in (old.key_id, following["key"])} == {State.COMPROMISED}
    assert (await keeper.active("token")).key_id == shown["new_key"]


async def test_nothing_is_put_under_a_suspended_key_and_nothing_is_lost_meanwhile(keeper, compromise, clock):
    made = await keeper.answer("gateway", Generate("data", CONTEXT))
    old = await keeper.active("data")
    async with keeper.moving["data"]:
        await replace(keeper, "data", clock(), "test", "asked")
    active, record = await keeper.active("data"), keeper.ledger.data_key(made.data_key)
    wrapped = keeper.backends["local"].wrap(old.handle, made.secret, rotation.context_of(record))
    keeper.ledger._database.execute("update data_keys set key_id = ?, wrapped = ?", (old.key_id, wrapped))
    management = Management(keeper, compromise)
    assert isinstance(await management.answer("uid:0", Manage("suspend", "data")), Done)
    shown = await approved(compromise, keeper.ledger.key(old.key_id))
    assert (shown["done"], shown["left"]) == (False, 1)
    assert keeper.ledger.key(old.key_id).state is State.COMPROMISED
    await opened(keeper, [made])
    assert isinstance(await management.answer("uid:0", Manage("resume", active.key_id)), Done)
    await tend(keeper, clock())
    shown = compromise.shown(keeper.ledger.wish(shown["wish"]))
    assert (shown["done"], shown["left"]) == (True, 0)
    await opened(keeper, [made])
