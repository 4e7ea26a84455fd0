import asyncio

import pytest

from ringfence.custody.limits import SOFT
from ringfence.custody.wire import Context, DataKey, Generate
from ringfence.events.custody import KeyChanged
from ringfence.keys import schedule
from ringfence.keys.backend import BackendGone
from ringfence.keys.rotation import DAY
from ringfence.keys.schedule import destroy, look_after, tend
from ringfence.keys.states import NotAllowed, State


async def test_a_token_key_lives_its_whole_life_by_the_clock(keeper, clock, events):
    first = await keeper.active("token")
    clock.now += 60 * DAY - 601
    await tend(keeper, clock())
    assert len(keeper.ledger.keys("token")) == 1
    clock.now += 1  # 600 seconds before it is 60 days old, the next one is published
    await tend(keeper, clock())
    await tend(keeper, clock())
    assert [key.state for key in keeper.ledger.keys("token")] == [State.PRE_ACTIVATION, State.ACTIVE]
    clock.now += 600
    await tend(keeper, clock())
    assert [key.state for key in keeper.ledger.keys("token")] == [State.ACTIVE, State.DEACTIVATED]
    clock.now += 3600
    await tend(keeper, clock())
    gone = keeper.ledger.key(first.key_id)
    assert (gone.state, gone.handle) == (State.DESTROYED, b"")
    told = [event.state for event in events if isinstance(event, KeyChanged) and event.key == first.key_id]
    assert told == ["pre-activation", "active", "deactivated", "destroyed"]


async def test_a_kek_is_replaced_by_count(keeper, clock):
    made = await keeper.answer("gateway", Generate("data", Context()))
    assert isinstance(made, DataKey)
    old = await keeper.active("data")
    keeper.ledger.lease(old.key_id, SOFT)
    await tend(keeper, clock())
    assert (await keeper.active("data")).key_id != old.key_id
    assert keeper.ledger.key(old.key_id).why == "uses"


async def test_only_what_is_replaced_or_not_in_use_is_destroyed(keeper, clock):
    with pytest.raises(NotAllowed):
        await destroy(keeper, await keeper.active("token"), clock(), "test", "asked")


class Gone:
    name, threads = "local", 0

    def destroy(self, _):
        raise BackendGone("no device")


async def test_a_device_that_is_gone_leaves_the_key_as_it_was_and_the_schedule_goes_on(keeper, clock):
    await keeper.active("token")
    clock.now += 60 * DAY
    await tend(keeper, clock())
    clock.now += 600
    await tend(keeper, clock())
    clock.now += 3600
    real = keeper.backends["local"]
    keeper.backends["local"] = Gone()
    published = []
    task = asyncio.create_task(look_after(keeper, lambda: published.append(1), 0.01))
    await asyncio.sleep(0.05)
    assert State.DEACTIVATED in {key.state for key in keeper.ledger.keys("token")}
    keeper.backends["local"] = real
    await asyncio.sleep(0.05)
    assert State.DESTROYED in {key.state for key in keeper.ledger.keys("token")}
    assert published
    task.cancel()


async def test_long_work_on_one_purpose_does_not_keep_the_others_waiting(keeper, clock, monkeypatch):
    await keeper.active("token")
    old = await keeper.active("data")
    keeper.ledger.lease(old.key_id, SOFT)
    go = asyncio.Event()
    real = schedule.go_on

    async def slow(work, journey, *more):
        if journey.purpose == "data":
            await go.wait()
        return await real(work, journey, *more)

    monkeypatch.setattr(schedule, "go_on", slow)
    await tend(keeper, clock(), 0.01)
    assert keeper.moving["data"].locked()
    clock.now += 60 * DAY
    await tend(keeper, clock(), 0.01)
    assert [key.state for key in keeper.ledger.keys("token")] == [State.PRE_ACTIVATION, State.ACTIVE]
    go.set()
    while keeper.moving["data"].locked():
        await asyncio.sleep(0.01)
    assert (await keeper.active("data")).key_id != old.key_id


async def test_a_purpose_that_fails_is_told_and_the_others_go_on(keeper, clock, monkeypatch, capsys):
    await keeper.active("token")
    await keeper.active("set")
    clock.now += 60 * DAY

    async def broken(keeper, purpose, *more, **named):
        if purpose == "token":
            raise ZeroDivisionError("secret")
        return await real(keeper, purpose, *more, **named)

    real = schedule.replace
    monkeypatch.setattr(schedule, "replace", broken)
    await tend(keeper, clock())
    assert len(keeper.ledger.keys("set")) == 2
    assert len(keeper.ledger.keys("token")) == 1
    assert "secret" not in capsys.readouterr().out
