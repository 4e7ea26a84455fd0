import asyncio

import pytest

from ringfence.custody.wire import Context, Done, Generate, Manage, Refusal, SignerRefused, SignToken, Token, Unwrap
from ringfence.events.custody import KeyChanged
from ringfence.keys import rotation
from ringfence.keys.compromise import WISH_SECONDS, Compromise
from ringfence.keys.publication import jwks_of
from ringfence.keys.schedule import replace, tend
from ringfence.keys.states import NotAllowed, State
from tests.keys_fixture import Clock

CONTEXT = Context("t", "/f")


@pytest.fixture
def compromise(keeper) -> Compromise:
    return Compromise(keeper, frozenset({11, 12, 13}))


async def through(compromise: Compromise) -> None:
    while compromise._work:
        await asyncio.gather(*compromise._work)


async def approved(compromise: Compromise, key) -> dict:
    wish = compromise.wish(key, "uid:0", "leaked")
    await compromise.approve(wish.wish_id, 11)
    await compromise.approve(wish.wish_id, 12)
    await through(compromise)
    return compromise.shown(compromise._keeper.ledger.wish(wish.wish_id))


async def test_a_token_key_is_replaced_and_out_of_the_public_keys_at_once(keeper, compromise, clock, events):
    for _ in range(3):
        await keeper.answer("oauth", SignToken("token", "t", b"{}"))
    keeper.uses.flush()
    old = await keeper.active("token")
    shown = await approved(compromise, old)
    new = await keeper.active("token")
    assert [key["kid"] for key in jwks_of(keeper.ledger.keys("token"), 3600, clock())["keys"]] == [new.kid]
    assert isinstance(await keeper.answer("oauth", SignToken("token", "t", b"{}")), Token)
    assert (shown["done"], shown["tokens_signed"], shown["new_key"]) == (True, 3, new.key_id)
    assert shown["approved_by"] == ["uid:11", "uid:12"]
    (told,) = [event for event in events if isinstance(event, KeyChanged) and event.state == "compromised"]
    assert (told.key, told.by, told.why) == (old.key_id, "uid:11+uid:12", "leaked")


async def test_one_person_twice_is_one_and_nobody_approves_their_own(keeper, compromise):
    key = await keeper.active("token")
    wish = compromise.wish(key, "uid:11", "leaked")
    with pytest.raises(SignerRefused, match="own"):
        await compromise.approve(wish.wish_id, 11)
    for _ in range(3):
        shown = await compromise.approve(wish.wish_id, 12)
    assert (shown["done"], shown["approved_by"]) == (False, ["uid:12"])
    assert keeper.ledger.key(key.key_id).state is State.ACTIVE
    await compromise.approve(wish.wish_id, 13)
    await through(compromise)
    assert keeper.ledger.key(key.key_id).state is State.COMPROMISED


async def test_many_at_once_have_it_done_once(keeper, compromise):
    key = await keeper.active("token")
    wish = compromise.wish(key, "uid:0", "leaked")
    await asyncio.gather(*(compromise.approve(wish.wish_id, uid) for uid in (11, 12, 13) * 5))
    await through(compromise)
    assert len(keeper.ledger.journeys()) == 2  # the first key's, and this one
    assert len([k for k in keeper.ledger.keys("token") if k.state is State.ACTIVE]) == 1


async def test_a_wish_ends(keeper, compromise, clock):
    wish = compromise.wish(await keeper.active("token"), "uid:0", "leaked")
    await compromise.approve(wish.wish_id, 11)
    clock.now += WISH_SECONDS
    with pytest.raises(SignerRefused, match="expired"):
        await compromise.approve(wish.wish_id, 12)
    with pytest.raises(SignerRefused, match="no wish"):
        await compromise.approve("wish_none", 12)


async def test_without_two_who_could_approve_there_is_no_wish(keeper):
    key = await keeper.active("token")
    for operators, by in (((), "uid:0"), ((1,), "uid:0"), ((1, 2), "uid:1")):
        with pytest.raises(SignerRefused, match="name 2 operators"):
            Compromise(keeper, frozenset(operators)).wish(key, by, "x")


async def test_what_operators_may_say_at_their_socket(keeper, compromise):
    wish = compromise.wish(await keeper.active("token"), "uid:0", "leaked")
    listed = await compromise.answer(11, Manage("wishes"))
    assert isinstance(listed, Done)
    assert [one["wish"] for one in listed.document] == [wish.wish_id]
    for uid, request, kind in (
        (99, Manage("approve", wish.wish_id), "not-allowed"),
        (0, Manage("wishes"), "not-allowed"),
        (11, Manage("destroy", "token"), "unknown"),
        (11, Manage("approve", "nothing"), "unknown"),
    ):
        reply = await compromise.answer(uid, request)
        assert isinstance(reply, Refusal)
        assert reply.kind == kind
    assert isinstance(await compromise.answer(11, Manage("approve", wish.wish_id)), Done)


async def test_what_a_kek_wrapped_is_saved_and_can_be_opened_all_the_while(keeper, compromise, monkeypatch):
    monkeypatch.setattr(rotation, "BATCH", 3)
    made = [await keeper.answer("gateway", Generate("data", CONTEXT)) for _ in range(10)]
    old = await keeper.active("data")
    wish = compromise.wish(old, "uid:0", "leaked")
    await compromise.approve(wish.wish_id, 11)
    await compromise.approve(wish.wish_id, 12)
    half = 0
    while compromise._work:
        await asyncio.sleep(0)
        half += 0 < len(keeper.ledger.data_keys_under(old.key_id, "", 99)) < 10
        for one in made:
            assert (await keeper.answer("gateway", Unwrap(one.data_key, CONTEXT))).secret == one.secret
    assert half
    shown = compromise.shown(keeper.ledger.wish(wish.wish_id))
    assert (shown["rewrapped"], shown["left"], shown["done"]) == (10, 0, True)


async def test_a_record_that_a_compromised_key_still_wraps_does_not_open_any_more(keeper, compromise):
    made = [await keeper.answer("gateway", Generate("data", CONTEXT)) for _ in range(2)]
    keeper.ledger._database.execute("update data_keys set wrapped = x'00' where data_key = ?", (made[0].data_key,))
    shown = await approved(compromise, await keeper.active("data"))
    assert (shown["rewrapped"], shown["left"]) == (1, 1)
    assert (await keeper.answer("gateway", Unwrap(made[0].data_key, CONTEXT))).kind == "state"


async def test_a_rotation_that_waits_for_its_day_is_hastened(keeper, compromise, clock):
    old = await keeper.active("token")
    async with keeper.moving["token"]:
        journey = await replace(keeper, "token", clock(), "test", "asked")
    shown = await approved(compromise, old)
    assert shown["new_key"] == journey.new == (await keeper.active("token")).key_id
    assert keeper.ledger.key(old.key_id).state is State.COMPROMISED


async def test_the_next_key_is_compromised_before_its_first_use(keeper, compromise, clock):
    old = await keeper.active("token")
    async with keeper.moving["token"]:
        journey = await replace(keeper, "token", clock(), "test", "asked")
    shown = await approved(compromise, keeper.ledger.key(journey.new))
    assert (shown["done"], shown["new_key"]) == (True, "")
    assert keeper.ledger.journeys(unfinished=True) == []
    clock.now += 600
    await tend(keeper, clock())
    assert (await keeper.active("token")).key_id == old.key_id


async def test_a_key_that_was_replaced_already(keeper, compromise, clock):
    old = await keeper.active("token")
    async with keeper.moving["token"]:
        await replace(keeper, "token", clock(), "test", "asked")
    clock.now += 600
    await tend(keeper, clock())
    await approved(compromise, keeper.ledger.key(old.key_id))
    assert old.kid not in [key["kid"] for key in jwks_of(keeper.ledger.keys("token"), 3600, clock())["keys"]]
    with pytest.raises(NotAllowed):
        compromise.wish(keeper.ledger.key(old.key_id), "uid:0", "again")


async def test_a_kek_that_was_replaced_but_still_wraps_something(keeper, compromise, clock):
    made = await keeper.answer("gateway", Generate("data", CONTEXT))
    old = await keeper.active("data")
    async with keeper.moving["data"]:
        await replace(keeper, "data", clock(), "test", "asked")
    backend, record = keeper.backends["local"], keeper.ledger.data_key(made.data_key)
    wrapped = backend.wrap(old.handle, made.secret, rotation.context_of(record))
    keeper.ledger._database.execute("update data_keys set key_id = ?, wrapped = ?", (old.key_id, wrapped))
    shown = await approved(compromise, keeper.ledger.key(old.key_id))
    assert (shown["rewrapped"], shown["left"]) == (1, 0)
    assert (await keeper.answer("gateway", Unwrap(made.data_key, CONTEXT))).secret == made.secret


async def test_killed_after_the_approval_the_next_start_goes_on(keeper, compromise, open_keeper, monkeypatch):
    for _ in range(4):
        await keeper.answer("gateway", Generate("data", CONTEXT))
    old = await keeper.active("data")
    wish = compromise.wish(old, "uid:0", "leaked")
    monkeypatch.setattr(compromise, "_follow", lambda *_: asyncio.sleep(0))  # killed before the first step
    await compromise.approve(wish.wish_id, 11)
    await compromise.approve(wish.wish_id, 12)
    keeper.close()
    again = open_keeper()
    await tend(again, Clock()())
    shown = Compromise(again, frozenset()).shown(again.ledger.wish(wish.wish_id))
    assert (shown["done"], shown["rewrapped"], shown["left"]) == (True, 4, 0)
    assert again.ledger.key(old.key_id).state is State.COMPROMISED


async def test_it_is_not_done_while_the_key_is_in_force(keeper, compromise, clock):
    key = await keeper.active("data")
    wish = compromise.wish(key, "uid:0", "leaked")
    (first,) = keeper.ledger.journeys()
    keeper.ledger.fulfil_wish(wish.wish_id, first.journey_id, clock())  # a journey that had ended long before
    assert not compromise.shown(keeper.ledger.wish(wish.wish_id))["done"]
