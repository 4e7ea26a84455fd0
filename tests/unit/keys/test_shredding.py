import asyncio

import msgspec
import pytest

from ringfence.custody.wire import Context, DataKey, Generate, Manage, Refusal, SignerRefused, Unwrap
from ringfence.events.custody import DataShredded, KeyChanged
from ringfence.keys.backend import BackendGone
from ringfence.keys.compromise import WISH_SECONDS, Compromise
from ringfence.keys.management import Management
from ringfence.keys.schedule import tend
from ringfence.keys.states import State
from ringfence.store.interface import Unavailable

ACME, OTHER, ALICE = (
    Context("client:acme", "/pan"),
    Context("client:other", "/pan"),
    Context("user:alice", "/iban", "alice"),
)
WHY = "the contract has ended"


@pytest.fixture
def compromise(keeper) -> Compromise:
    return Compromise(keeper, frozenset({11, 12, 13}))


async def made(keeper, context: Context) -> DataKey:
    found = await keeper.answer("gateway", Generate("data", context))
    assert isinstance(found, DataKey), found
    return found


async def asked(keeper, one: DataKey, context: Context) -> str:
    reply = await keeper.answer("gateway", Unwrap(one.data_key, context))
    return reply.kind if isinstance(reply, Refusal) else "opens"


def own_keys(keeper) -> None:
    keeper.settings = msgspec.structs.replace(keeper.settings, tenants=frozenset({"client:*"}))


async def shredded(compromise: Compromise, tenant: str) -> dict:
    wish = compromise.wish_to_shred(tenant, "uid:0", WHY)
    await compromise.approve(wish.wish_id, 11)
    return await compromise.approve(wish.wish_id, 12)


@pytest.mark.parametrize("own", [True, False])
async def test_what_the_tenant_has_opens_no_more_and_all_else_does(keeper, compromise, events, own):
    if own:
        own_keys(keeper)
    kept = {context: [await made(keeper, context) for _ in range(3)] for context in (ACME, OTHER, ALICE)}
    shown = await shredded(compromise, "client:acme")
    assert (shown["done"], shown["shredded"], shown["left"], shown["tokens_signed"]) == (True, 3, 0, 0)
    assert shown["wants"] == "shred client:acme"
    assert {await asked(keeper, one, ACME) for one in kept[ACME]} == {"shredded"}
    assert {await asked(keeper, one, c) for c in (OTHER, ALICE) for one in kept[c]} == {"opens"}
    (told,) = [event for event in events if isinstance(event, DataShredded)]
    assert (told.client, told.user, told.data_keys, told.by, told.why) == ("acme", "", 3, "uid:11+uid:12", WHY)
    ends = [event.state for event in events if isinstance(event, KeyChanged) and event.client == "acme"]
    assert ends == (["pre-activation", "active", "deactivated", "destroyed"] if own else [])
    again = await made(keeper, ACME)
    assert await asked(keeper, again, ACME) == "opens"


async def test_one_customers_keys_go_and_another_customers_stay(keeper, compromise, events):
    one, other = await made(keeper, ALICE), await made(keeper, Context("user:bob", "/iban", "bob"))
    await shredded(compromise, "user:alice")
    assert await asked(keeper, one, ALICE) == "shredded"
    assert await asked(keeper, other, Context("user:bob", "/iban", "bob")) == "opens"
    (told,) = [event for event in events if isinstance(event, DataShredded)]
    assert (told.client, told.user) == ("", "alice")


async def test_nothing_of_the_wrapped_key_is_left_on_the_disk(keeper, compromise, tmp_path):
    own_keys(keeper)
    one, other = await made(keeper, ACME), await made(keeper, OTHER)
    gone, stays = (keeper.ledger.data_key(key.data_key).wrapped for key in (one, other))
    kek = keeper.ledger.key(one.kek).handle
    await shredded(compromise, "client:acme")
    disk = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert gone not in disk
    assert kek not in disk
    assert stays in disk
    assert keeper.ledger.key(one.kek).state is State.DESTROYED


async def test_it_takes_two_others_and_ends_by_itself(keeper, compromise, clock):
    one = await made(keeper, ACME)
    wish = compromise.wish_to_shred("client:acme", "uid:11", WHY)
    with pytest.raises(SignerRefused, match="own"):
        await compromise.approve(wish.wish_id, 11)
    for _ in range(3):
        assert not (await compromise.approve(wish.wish_id, 12))["done"]
    clock.now += WISH_SECONDS
    with pytest.raises(SignerRefused, match="expired"):
        await compromise.approve(wish.wish_id, 13)
    assert await asked(keeper, one, ACME) == "opens"
    with pytest.raises(SignerRefused, match="name 2 operators"):
        Compromise(keeper, frozenset({11, 12})).wish_to_shred("client:acme", "uid:11", WHY)


async def test_many_at_once_have_it_done_once_and_new_keys_are_not_hit(keeper, compromise, events):
    for _ in range(5):
        await made(keeper, ACME)
    wish = compromise.wish_to_shred("client:acme", "uid:0", WHY)
    approving = [compromise.approve(wish.wish_id, uid) for uid in (11, 12, 13) * 5]
    *_, new = await asyncio.gather(*approving, made(keeper, ACME))
    assert len([event for event in events if isinstance(event, DataShredded)]) == 1
    later = await made(keeper, ACME)
    await compromise.approve(wish.wish_id, 13)
    assert await asked(keeper, later, ACME) == "opens"
    assert await asked(keeper, new, ACME) in {"opens", "shredded"}


@pytest.mark.parametrize(
    ("tenant", "kind"),
    [
        ("", "malformed"),
        ("acme", "malformed"),
        ("client:", "malformed"),
        ("client:*", "unknown"),
        ("client:a b", "malformed"),
        ("client:" + "a" * 201, "malformed"),
        ("client:acme' or ''='", "malformed"),
        ("shared\n", "malformed"),
        ("shared", "unknown"),
        ("user:acme", "unknown"),
    ],
)
async def test_what_is_no_tenant_or_has_nothing(keeper, compromise, tenant, kind):
    await made(keeper, ACME)
    for action in ("kept", "shred"):
        reply = await Management(keeper, compromise).answer("uid:0", Manage(action, tenant))
        assert isinstance(reply, Refusal)
        assert reply.kind == kind
    assert keeper.ledger.wishes() == []


async def test_looking_changes_nothing(keeper, compromise):
    one = await made(keeper, ACME)
    await made(keeper, Context("client:acme", "/iban"))
    shown = await Management(keeper, compromise).answer("uid:0", Manage("kept", "client:acme"))
    assert shown.document == {
        "tenant": "client:acme",
        "data_keys": 2,
        "by_field": [{"field": "/iban", "data_keys": 1}, {"field": "/pan", "data_keys": 1}],
    }
    assert await asked(keeper, one, ACME) == "opens"


async def test_a_device_that_is_gone_destroys_the_key_when_it_is_back(keeper, compromise, clock, monkeypatch):
    own_keys(keeper)
    one = await made(keeper, ACME)

    def gone(_: bytes) -> None:
        raise BackendGone("no device")

    with monkeypatch.context() as patched:
        patched.setattr(keeper.backends["local"], "destroy", gone)
        assert (await shredded(compromise, "client:acme"))["done"]
        assert await asked(keeper, one, ACME) == "shredded"
        assert keeper.ledger.key(one.kek).state is State.DEACTIVATED
    await tend(keeper, clock())
    assert keeper.ledger.key(one.kek).state is State.DESTROYED


async def test_a_tenants_key_that_was_only_replaced_is_not_destroyed(keeper, compromise, clock):
    own_keys(keeper)
    one = await made(keeper, ACME)
    await Management(keeper, compromise)._rotate(Manage("rotate", "data@client:acme"), "uid:0")
    await tend(keeper, clock())
    assert keeper.ledger.key(one.kek).state is State.DEACTIVATED


async def test_without_the_event_stream_it_is_done_all_the_same(keeper, compromise):
    one = await made(keeper, ACME)

    def emit(_: object) -> None:
        raise Unavailable("no stream")

    keeper.emit = emit
    assert (await shredded(compromise, "client:acme"))["done"]
    assert await asked(keeper, one, ACME) == "shredded"


async def test_after_a_restart_it_is_still_so(keeper, open_keeper, compromise):
    own_keys(keeper)
    one, other = await made(keeper, ACME), await made(keeper, OTHER)
    await shredded(compromise, "client:acme")
    keeper.close()
    again = open_keeper()
    assert await asked(again, one, ACME) == "shredded"
    assert await asked(again, other, OTHER) == "opens"
