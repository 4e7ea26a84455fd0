"""A canary begun, given another share, promoted and ended, as the management API does it."""

import asyncio
import shutil
from pathlib import Path

import msgspec
import pytest
from trying import tried

from ringfence.app import snapshot
from ringfence.app.canary import canary_file, write_canary
from ringfence.app.canary_keeping import CanaryKeeping
from ringfence.clock import Instant
from ringfence.ids import system_random
from ringfence.policy.load import LoadedPolicy
from ringfence.problem import Reason, Refused
from ringfence.store.interface import Unavailable

NOW = Instant(1_790_000_000.0)


@pytest.fixture
def keeping(loaded: LoadedPolicy) -> CanaryKeeping:
    running = snapshot.load_named(snapshot.accept(loaded))
    return CanaryKeeping(lambda: running, system_random)


async def refused(doing) -> Refused:
    with pytest.raises(Refused) as found:
        await doing
    return found.value


async def test_it_begins_on_a_share_which_may_grow_and_its_clients_stay(
    keeping: CanaryKeeping, installation: Path
) -> None:
    file = str(tried(installation))
    small = await keeping.start(file, 5.0, (), NOW)
    assert await keeping.standing() == small
    large = await keeping.start(file, 20.0, ("a",), Instant(NOW + 9))
    assert (large.salt, large.since, large.running, large.percent) == (small.salt, NOW, small.running, 20.0)
    clients = [f"c{n}" for n in range(500)]
    assert all(large.share.takes(c) for c in clients if small.share.takes(c))
    assert large.share.takes("a")
    again = CanaryKeeping(keeping._running, system_random)
    await keeping.abort()
    assert (await again.start(file, 5.0, (), NOW)).salt != small.salt


async def test_one_policy_is_tried_at_a_time_and_not_the_one_that_runs(
    keeping: CanaryKeeping, installation: Path
) -> None:
    same = installation.with_name("same.yaml")
    shutil.copyfile(installation, same)
    assert (await refused(keeping.start(str(same), 5.0, (), NOW))).reason is Reason.CONFLICT
    await keeping.start(str(tried(installation)), 5.0, (), NOW)
    other = tried(installation, "scopes: [things]", "scopes: [things], max_body_bytes: 8")
    why = await refused(keeping.start(str(other), 5.0, (), NOW))
    assert (why.reason, "end it first" in why.detail) == (Reason.CONFLICT, True)


async def test_mistakes_are_told_with_their_places_and_nothing_begins(
    keeping: CanaryKeeping, installation: Path
) -> None:
    for old, new, told in (
        ("port: 8443", "port: 9443", "`listeners.public.port` holds for every client alike"),
        ("version: 1", "version: 2", "`version` is `2`"),
    ):
        why = await refused(keeping.start(str(tried(installation, old, new)), 5.0, (), NOW))
        assert why.reason is Reason.POLICY_INVALID
        assert "next.yaml:" in why.detail
        assert told in why.detail
        assert "instead: " in why.detail
    assert (
        await refused(keeping.start(str(installation.with_name("gone")), 5.0, (), NOW))
    ).reason is Reason.POLICY_INVALID
    assert await keeping.standing() is None


async def test_while_it_is_being_promoted_nothing_else_is_done_with_it(
    keeping: CanaryKeeping, installation: Path
) -> None:
    assert (await refused(keeping.promote())).reason is Reason.NOT_FOUND
    assert (await refused(keeping.abort())).reason is Reason.NOT_FOUND
    file = str(tried(installation))
    begun = await keeping.start(file, 5.0, (), NOW)
    write_canary(keeping._running()[0].places, msgspec.structs.replace(begun, refused="changed"))
    asked = await keeping.promote()
    assert (asked.promote, asked.refused) == (True, "")
    assert (await refused(keeping.abort())).reason is Reason.CONFLICT
    assert (await refused(keeping.promote())).reason is Reason.CONFLICT
    assert (await refused(keeping.start(file, 9.0, (), NOW))).reason is Reason.CONFLICT


async def test_a_broken_file_can_be_ended(keeping: CanaryKeeping, loaded: LoadedPolicy) -> None:
    canary_file(loaded.places).write_text("{")
    assert (await refused(keeping.standing())).reason is Reason.POLICY_INVALID
    assert await keeping.abort() == "unreadable"
    assert await keeping.standing() is None


async def test_what_cannot_be_written_is_not_begun(
    keeping: CanaryKeeping, installation: Path, loaded: LoadedPolicy
) -> None:
    file = str(tried(installation))
    beside = canary_file(loaded.places).with_name(".canary.json.new")
    beside.mkdir()
    with pytest.raises(Unavailable):
        await keeping.start(file, 5.0, (), NOW)
    assert await keeping.standing() is None


async def test_of_many_who_begin_at_once_one_canary_stands(keeping: CanaryKeeping, installation: Path) -> None:
    file = str(tried(installation))
    done = await asyncio.gather(*(keeping.start(file, 5.0 + n, (), NOW) for n in range(5)))
    assert len({one.salt for one in done}) == 1
    assert await keeping.standing() in done
    ends = await asyncio.gather(*(keeping.abort() for _ in range(5)), return_exceptions=True)
    assert sorted(type(one).__name__ for one in ends) == ["Refused"] * 4 + ["str"]
