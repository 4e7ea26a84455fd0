"""Keys of fields: one for all workers, held for a while, counted, replaced, and without the signer no longer than held."""

import asyncio

import pytest

from ringfence.custody.limits import BLOCK, HARD
from ringfence.custody.wire import Manage
from ringfence.keys.compromise import Compromise
from ringfence.keys.management import Management
from ringfence.keys.schedule import replace
from ringfence.protect.binding import Scope
from ringfence.protect.keyring import Key, Keyring, Rotation
from ringfence.store.interface import Unavailable
from tests.field_keys import Fields

SCOPE = Scope("client:a", "bank/pay", "/pan", 1, "encrypt")
EQUAL = Scope("client:a", "bank/pay", "/pan", 1, "deterministic")


async def rows(fields: Fields, scope: Scope = SCOPE) -> list:
    return await fields.records.field_keys(scope.tenant, scope.name)


async def test_however_many_begin_at_once_there_is_one_key(fields: Fields) -> None:
    workers = [fields.worker() for _ in range(5)]
    keys = await asyncio.gather(*(worker.current(SCOPE, "encrypt") for worker in workers for _ in range(10)))
    assert len({key.data_key for key in keys}) == 1
    assert len(await rows(fields)) == 1
    kept = fields.signer.keeper.ledger.data_keys_under(fields.signer.keeper.ledger.keys("data")[0].key_id, "", 100)
    assert [one.data_key for one in kept] == [keys[0].data_key]  # those that came too late are forgotten
    assert (kept[0].tenant, kept[0].field) == ("client:a", SCOPE.name)


async def test_the_signer_is_asked_once_for_as_long_as_the_key_is_held(fields: Fields) -> None:
    await fields.keyring.current(SCOPE, "encrypt")
    asked = fields.signer.asked
    for _ in range(100):
        await fields.keyring.current(SCOPE, "encrypt")
    assert fields.signer.asked == asked
    fields.clock.now += 301
    await fields.keyring.current(SCOPE, "encrypt")
    assert fields.signer.asked == asked + 1


async def test_keys_that_nobody_uses_go_when_their_time_is_over(fields: Fields) -> None:
    await fields.keyring.current(SCOPE, "encrypt")
    fields.clock.now += 200
    await fields.keyring.current(EQUAL, "encrypt")
    fields.clock.now += 101
    fields.keyring.sweep()
    assert list(fields.keyring._held) == [EQUAL]


async def test_without_the_signer_keys_are_used_until_their_time_is_over(fields: Fields) -> None:
    key = await fields.keyring.current(SCOPE, "encrypt")
    fields.signer.gone = True
    fields.clock.now += 299
    assert await fields.keyring.current(SCOPE, "encrypt") is key
    assert await fields.keyring.named(SCOPE, key.data_key, 1) is key
    fields.clock.now += 2
    for asked in (fields.keyring.current(SCOPE, "encrypt"), fields.keyring.named(SCOPE, key.data_key, 1)):
        with pytest.raises(Unavailable):
            await asked
    with pytest.raises(Unavailable):
        await fields.keyring.ready(SCOPE, to_seal=False)
    fields.signer.gone = False
    assert (await fields.keyring.current(SCOPE, "encrypt")).data_key == key.data_key


async def test_a_worker_holds_no_more_fields_than_it_may(fields: Fields) -> None:
    keyring = fields.worker(Rotation(fields=16))
    for number in range(40):
        await keyring.current(Scope(f"client:{number}", "r", "f", 1, "encrypt"), "encrypt")
    assert len(keyring._held) == 16
    asked = fields.signer.asked
    await keyring.current(Scope("client:39", "r", "f", 1, "encrypt"), "encrypt")
    assert fields.signer.asked == asked


async def test_by_age_the_key_is_replaced_and_the_old_one_only_opens(fields: Fields) -> None:
    first = await fields.keyring.current(SCOPE, "encrypt")
    equal = await fields.keyring.current(EQUAL, "encrypt")
    fields.clock.now += 91 * 86_400
    second = await fields.keyring.current(SCOPE, "encrypt")
    assert (first.version, second.version) == (1, 2)
    assert [row.retired_at for row in await rows(fields)] == [None, fields.clock.now]
    assert (await fields.keyring.named(SCOPE, first.data_key, 1)).secret == first.secret
    assert (await fields.keyring.current(EQUAL, "encrypt")).data_key == equal.data_key  # equal stays equal


async def test_by_uses_the_key_is_replaced_and_never_used_beyond_the_hard_limit(fields: Fields) -> None:
    keyring = fields.worker(Rotation(uses=2 * BLOCK))
    first = await keyring.current(SCOPE, "encrypt")
    for _ in range(2 * BLOCK - 1):
        assert await keyring.current(SCOPE, "encrypt") is first
    second = await keyring.current(SCOPE, "encrypt")
    assert second.version == 2
    assert [(row.version, row.uses, row.retired_at is None) for row in await rows(fields)] == [
        (2, BLOCK, True),
        (1, 2 * BLOCK, False),
    ]


async def test_at_the_hard_limit_another_key_or_none(fields: Fields) -> None:
    """Leased so often by other workers: ours was told nothing of it."""
    for scope in (SCOPE, EQUAL):
        key = await fields.keyring.current(scope, "encrypt")
        assert await fields.records.lease_field_key(key.data_key, HARD - BLOCK, HARD) == HARD
        fields.keyring._held[scope].left = 0
    assert (await fields.keyring.current(SCOPE, "encrypt")).version == 2
    with pytest.raises(Unavailable, match="raise its revision"):
        await fields.keyring.current(EQUAL, "encrypt")


async def test_a_key_of_another_version_field_or_tenant_is_not_this_fields(fields: Fields) -> None:
    key = await fields.keyring.current(SCOPE, "encrypt")
    assert await fields.keyring.named(SCOPE, key.data_key, 2) is None
    assert await fields.keyring.named(SCOPE, "dek_nothing", 1) is None
    for other in (EQUAL, Scope("client:b", "bank/pay", "/pan", 1, "encrypt")):
        assert await fields.keyring.named(other, key.data_key, 1) is None
        assert await rows(fields, other) == []  # opening makes no keys


async def test_a_version_that_another_worker_made_is_found_by_looking_again(fields: Fields) -> None:
    first, other = fields.keyring, fields.worker(Rotation(age=10))
    await first.current(SCOPE, "encrypt")
    fields.clock.now += 20
    second = await other.current(SCOPE, "encrypt")
    assert second.version == 2
    assert await first.named(SCOPE, second.data_key, 2) is None
    await first.look_again(SCOPE)
    assert (await first.named(SCOPE, second.data_key, 2)).secret == second.secret


async def test_keys_of_fields_are_wrapped_anew_when_the_kek_is_replaced(fields: Fields) -> None:
    keeper = fields.signer.keeper
    key = await fields.keyring.current(SCOPE, "encrypt")
    (old,) = keeper.ledger.keys("data")
    await replace(keeper, "data", fields.clock(), "uid:0", "test")
    assert keeper.ledger.count_under(old.key_id) == []
    fresh = fields.worker()
    again = await fresh.current(SCOPE, "encrypt")
    assert (again.data_key, again.secret) == (key.data_key, key.secret)
    assert again.head != key.head  # the KEK that it names


async def test_a_suspended_kek_opens_nothing_until_it_is_resumed(fields: Fields) -> None:
    keeper = fields.signer.keeper
    key = await fields.keyring.current(SCOPE, "encrypt")
    management = Management(keeper, Compromise(keeper, frozenset()))
    await management.answer("uid:0", Manage("suspend", "data", "uid:0", "odd"))
    assert await fields.keyring.current(SCOPE, "encrypt") is key
    fields.clock.now += 301
    with pytest.raises(Unavailable):
        await fields.keyring.current(SCOPE, "encrypt")
    await management.answer("uid:0", Manage("resume", "data", "uid:0", "fine"))
    assert (await fields.keyring.current(SCOPE, "encrypt")).secret == key.secret


async def test_a_key_that_the_signer_has_no_more_opens_nothing(fields: Fields) -> None:
    key = await fields.keyring.current(SCOPE, "encrypt")
    await fields.signer.forget(key.data_key)
    fields.keyring.forget()
    assert await fields.keyring.named(SCOPE, key.data_key, 1) is None
    with pytest.raises(Unavailable):
        await fields.keyring.current(SCOPE, "encrypt")


async def test_secrets_are_not_shown(fields: Fields) -> None:
    key = await fields.keyring.current(SCOPE, "encrypt")
    assert isinstance(key, Key)
    assert repr(key) == f"Key('{key.data_key}')"
    assert isinstance(fields.keyring, Keyring)


@pytest.mark.parametrize("scope", [SCOPE, EQUAL])
async def test_after_shredding_nothing_of_before_opens_and_what_comes_gets_a_key_of_its_own(
    fields: Fields, scope: Scope
) -> None:
    other = scope._replace(tenant="client:b")
    before, beside = await fields.keyring.current(scope, "encrypt"), await fields.keyring.current(other, "encrypt")
    compromise = Compromise(fields.signer.keeper, frozenset({11, 12}))
    wish = compromise.wish_to_shred(scope.tenant, "uid:0", "the contract has ended")
    for uid in (11, 12):
        await compromise.approve(wish.wish_id, uid)
    workers = [fields.worker() for _ in range(3)]
    for worker in workers:
        await worker.ready(scope, to_seal=False)
        assert await worker.named(scope, before.data_key, 1) is None
        assert (await worker.named(other, beside.data_key, 1)).secret == beside.secret
    after = await asyncio.gather(*(worker.current(scope, "encrypt") for worker in workers))
    assert len({(key.data_key, key.version) for key in after}) == 1
    assert after[0].version == 2
    assert after[0].secret != before.secret
    fields.keyring.forget()
    assert await fields.keyring.named(scope, before.data_key, 1) is None
    assert (await fields.keyring.current(scope, "encrypt")).data_key == after[0].data_key


async def test_after_a_compromise_what_comes_is_sealed_by_another_version_and_what_was_opens(fields: Fields) -> None:
    before = await fields.keyring.current(SCOPE, "encrypt")
    equal = await fields.keyring.current(EQUAL, "encrypt")
    keeper = fields.signer.keeper
    compromise = Compromise(keeper, frozenset({11, 12}))
    fields.clock.now += 10
    wish = compromise.wish(await keeper.active("data"), "uid:0", "found in a backup")
    for uid in (11, 12):
        await compromise.approve(wish.wish_id, uid)
    while compromise._work:
        await asyncio.gather(*compromise._work)
    assert compromise.shown(keeper.ledger.wish(wish.wish_id))["done"]
    fields.clock.now += 301  # no longer held than that
    workers = [fields.worker() for _ in range(3)]
    after = await asyncio.gather(*(worker.current(SCOPE, "encrypt") for worker in workers))
    assert {(key.version, key.secret != before.secret) for key in after} == {(2, True)}
    for worker in workers:
        assert (await worker.named(SCOPE, before.data_key, 1)).secret == before.secret
        assert (await worker.current(EQUAL, "encrypt")).data_key == equal.data_key  # else equal is equal no more
    fields.clock.now += 301
    assert (await fields.keyring.current(SCOPE, "encrypt")).version == 2
    assert len(await rows(fields)) == 2


async def test_a_mere_rotation_of_the_key_above_leaves_the_version(fields: Fields) -> None:
    before = await fields.keyring.current(SCOPE, "encrypt")
    fields.clock.now += 10
    await replace(fields.signer.keeper, "data", fields.clock(), "test", "asked")
    fields.clock.now += 301
    assert (await fields.keyring.current(SCOPE, "encrypt")).data_key == before.data_key
