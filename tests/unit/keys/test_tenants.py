import asyncio

import msgspec
import pytest

from ringfence.custody.wire import Context, DataKey, Generate, Manage, Public, Unwrap
from ringfence.keys.compromise import Compromise
from ringfence.keys.management import Management
from ringfence.keys.schedule import replace, tend
from ringfence.keys.states import State
from ringfence.keys.tenants import base_of, has_own_key, purpose_of, row_of, tenant_of

ACME, OTHER = Context("client:acme", "/pan"), Context("client:other", "/pan")


def declare(keeper, *tenants: str) -> None:
    keeper.settings = msgspec.structs.replace(keeper.settings, tenants=frozenset(tenants))


async def made(keeper, context: Context) -> DataKey:
    found = await keeper.answer("gateway", Generate("data", context))
    assert isinstance(found, DataKey), found
    return found


async def opens(keeper, one: DataKey, context: Context) -> bool:
    reply = await keeper.answer("gateway", Unwrap(one.data_key, context))
    return isinstance(reply, DataKey) and reply.secret == one.secret


@pytest.mark.parametrize(
    ("tenant", "declared", "own"),
    [
        ("client:a", (), False),
        ("client:a", ("client:a",), True),
        ("client:ab", ("client:a",), False),
        ("client:a", ("client:*",), True),
        ("user:a", ("client:*",), False),
        ("shared", ("client:*",), False),
        ("shared", ("shared",), True),
        ("", ("client:*", "shared"), False),
    ],
)
def test_who_has_a_key_of_its_own(tenant, declared, own):
    assert has_own_key(tenant, declared) is own
    purpose = purpose_of("data", tenant, declared)
    assert purpose == (f"data@{tenant}" if own else "data")
    assert (base_of(purpose), tenant_of(purpose)) == ("data", tenant if own else "")
    assert row_of(purpose) is row_of("data")
    assert purpose_of("index", tenant, declared) == "index"


async def test_tenants_have_keys_apart_and_the_list_tells_them_apart(keeper, events):
    declare(keeper, "client:*")
    one, two, common = [await made(keeper, context) for context in (ACME, OTHER, Context("user:u", "/pan", "u"))]
    assert len({one.kek, two.kek, common.kek}) == 3
    listed = await Management(keeper, Compromise(keeper, frozenset()))._list(Manage("list", "data"), "")
    assert {key["purpose"]: key["tenant"] for key in listed} == {
        "data@client:acme": "client:acme",
        "data@client:other": "client:other",
        "data": "",
    }
    for key, context in ((one, ACME), (two, OTHER), (common, Context("user:u", "/pan", "u"))):
        assert await opens(keeper, key, context)
    assert not await opens(keeper, one, OTHER)
    told = {(event.purpose, event.client, event.key) for event in events}
    assert told == {("data", "acme", one.kek), ("data", "other", two.kek), ("data", "", common.kek)}


async def test_however_many_ask_a_tenant_has_one_key(keeper):
    declare(keeper, "client:acme")
    found = await asyncio.gather(*(made(keeper, ACME) for _ in range(20)))
    assert len({one.kek for one in found}) == 1
    assert len(keeper.ledger.keys("data@client:acme")) == 1


async def test_nobody_names_a_tenants_purpose_over_a_socket(keeper):
    declare(keeper, "client:acme")
    await made(keeper, ACME)
    for request in (Generate("data@client:acme", OTHER), Public("data@client:acme")):
        assert (await keeper.answer("gateway", request)).kind == "unknown"


async def test_what_a_tenant_had_under_the_common_key_moves_to_its_own(keeper):
    before = [await made(keeper, context) for context in (ACME, OTHER, ACME)]
    async with keeper.moving["data"]:
        await replace(keeper, "data", keeper.clock(), "test", "so that some lie under an older one")
    declare(keeper, "client:acme")
    own = (await made(keeper, ACME)).kek
    wrapped_by = [keeper.ledger.data_key(one.data_key).key_id for one in before]
    assert [key == own for key in wrapped_by] == [True, False, True]
    assert [await opens(keeper, one, c) for one, c in zip(before, (ACME, OTHER, ACME), strict=True)] == [True] * 3


async def test_a_tenants_key_is_rotated_and_compromised_alone(keeper, clock):
    declare(keeper, "client:acme")
    one, other = await made(keeper, ACME), await made(keeper, OTHER)
    management = Management(keeper, Compromise(keeper, frozenset()))
    done = await management._rotate(Manage("rotate", "data@client:acme"), "uid:1")
    assert (done["old"], done["rewrapped"], done["finished"]) == (one.kek, 1, True)
    assert keeper.ledger.key(one.kek).state is State.DEACTIVATED
    assert keeper.ledger.key(other.kek).state is State.ACTIVE
    compromise = Compromise(keeper, frozenset({11, 12}))
    wish = compromise.wish(keeper.ledger.key(done["new"]["key"]), "uid:1", "leaked")
    for uid in (11, 12):
        await compromise.approve(wish.wish_id, uid)
    while compromise._work:
        await asyncio.gather(*compromise._work)
    assert keeper.ledger.key(done["new"]["key"]).state is State.COMPROMISED
    assert await opens(keeper, one, ACME)
    assert await opens(keeper, other, OTHER)
    clock.now += 366 * 86_400
    await tend(keeper, clock())
    assert keeper.ledger.keys("data@client:acme")[0].why == "age"


async def test_a_tenant_that_is_not_declared_any_more_still_opens(keeper):
    declare(keeper, "client:acme")
    one = await made(keeper, ACME)
    declare(keeper)
    assert await opens(keeper, one, ACME)
    assert (await made(keeper, ACME)).kek != one.kek
