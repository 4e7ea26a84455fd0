import msgspec
import pytest

from ringfence.custody.limits import BLOCK, HARD
from ringfence.keys import uses
from ringfence.keys.records import Used
from ringfence.keys.uses import RARELY, Exhausted, Uses


async def test_a_lease_is_on_the_disk_before_the_first_use_and_each_block_costs_one(keeper, clock, monkeypatch):
    monkeypatch.setattr(uses, "BLOCK", 3)
    key = await keeper.active("data")
    counted = Uses(keeper.ledger)
    seen = []
    for _ in range(7):
        counted.take(key, "gateway", "wrap", clock())
        seen.append(keeper.ledger.key(key.key_id).uses)
    assert seen == [3, 3, 3, 6, 6, 6, 9]


async def test_a_restart_counts_too_many_never_too_few(keeper, clock):
    key = await keeper.active("data")
    for _ in range(3):
        Uses(keeper.ledger).take(key, "gateway", "wrap", clock())
    assert keeper.ledger.key(key.key_id).uses == 3 * BLOCK


async def test_an_aes_gcm_key_has_2_to_the_32_uses_and_a_signing_key_no_end(keeper, clock):
    data, token = await keeper.active("data"), await keeper.active("token")
    keeper.ledger.lease(data.key_id, HARD - BLOCK)
    keeper.ledger.lease(token.key_id, HARD)
    counted = Uses(keeper.ledger)
    counted.take(data, "gateway", "wrap", clock())
    with pytest.raises(Exhausted):
        Uses(keeper.ledger).take(data, "gateway", "wrap", clock())
    counted.take(token, "oauth", "sign-token", clock())


async def test_counts_are_told_once_and_kept_when_they_cannot_be_written(keeper, clock, monkeypatch):
    key = await keeper.active("token")
    counted = Uses(keeper.ledger)
    start = clock()
    for _ in range(5):
        counted.take(key, "oauth", "sign-token", clock())
        clock.now += 1

    def refuse(_):
        raise OSError

    with monkeypatch.context() as patched:
        patched.setattr(keeper.ledger, "add_uses", refuse)
        with pytest.raises(OSError):
            counted.flush()
    expected = Used(key.key_id, "oauth", "sign-token", 5, start, start + 4)
    assert counted.flush() == [expected]
    assert counted.flush() == []
    assert keeper.ledger.uses(key.key_id) == [expected]
    assert msgspec.structs.astuple(expected)[3] == 5


async def test_uses_of_the_audit_logs_key_are_told_once_an_hour(keeper, clock):
    """Each telling is an entry of the log, and makes it sign again."""
    log, token = await keeper.active("checkpoint"), await keeper.active("token")
    counted = Uses(keeper.ledger)
    began = clock()
    for seconds in (0, 1, 1):
        clock.now += seconds
        counted.take(log, "audit", "sign", clock())
        counted.take(token, "oauth", "sign-token", clock())
        assert len(counted.flush()) == 2  # the ledger has all of them at once
        due = counted.untold(clock())
        assert [one.key_id for one in due] == [token.key_id]
        counted.told(due)
    clock.now = began + RARELY
    due = counted.untold(clock())
    assert due == [Used(log.key_id, "audit", "sign", 3, began, began + 2)]
    counted.told(due)
    assert counted.untold(clock()) == []
    counted.take(log, "audit", "sign", clock())
    counted.flush()
    assert counted.untold(clock()) == []
    assert len(counted.untold(clock(), all_of_it=True)) == 1


async def test_what_somebody_else_wrote_to_the_ledger_is_told_all_the_same(keeper, clock):
    key = await keeper.active("token")
    keeper.uses.note(key, "oauth", "sign-token", clock())
    keeper.uses.flush()
    keeper.uses.note(key, "oauth", "sign-token", clock())
    keeper.uses.flush()
    assert [one.count for one in keeper.uses.untold(clock())] == [2]


async def test_what_was_not_told_is_by_the_next_process_with_when_it_began(keeper, clock):
    key = await keeper.active("token")
    counted = Uses(keeper.ledger)
    for seconds in (0, 5, 7):
        clock.now += seconds
        counted.take(key, "oauth", "sign-token", clock())
        counted.flush()
        if not seconds:
            counted.told(counted.untold(clock()))
    (one,) = Uses(keeper.ledger).untold(clock())
    assert (one.count, one.first_at, one.last_at) == (2, clock() - 7, clock())
    (all_of_it,) = keeper.ledger.uses(key.key_id)
    assert (all_of_it.count, all_of_it.first_at) == (3, clock() - 12)
