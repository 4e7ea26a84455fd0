from pathlib import Path

import msgspec
import pytest
from watched_world import ENFORCED, NOW, World, missed, seen

from ringfence.app.watcher import policy_playbooks
from ringfence.clock import Instant
from ringfence.detect.playbook import Ladder
from ringfence.policy.load import LoadedPolicy


@pytest.fixture
async def world(tmp_path: Path):
    world = World(tmp_path)
    yield world
    await world.close()


async def test_further_alerts_climb_a_ladder_and_a_death_in_between_moves_nobody(
    world: World, loaded: LoadedPolicy
) -> None:
    book = next(book for book in policy_playbooks(loaded) if book.id == "scanning")
    raw = {"of": "network", "within": "2h"}
    rungs = [{"steps": [{"do": do, "of": "network"}]} for do in ("step-up", "throttle")]
    ladder = msgspec.convert(raw | {"rungs": rungs}, Ladder)
    books = [msgspec.structs.replace(book, mode="on", steps=(), ladder=ladder)]
    rules = tuple(
        msgspec.structs.replace(one, rule=msgspec.structs.replace(one.rule, responses=())) for one in ENFORCED
    )
    world.management.away = True
    await world.stream.append([missed(n) for n in range(12)])
    for _ in range(3):
        watcher = world.watcher(rules)
        watcher.answer_by(books)
        await seen(watcher)
        assert world.management.done == []
    world.management.away = False
    await world.stream.append([missed(1800 + n) for n in range(12)])
    world.now = Instant(NOW + 1900)
    watcher = world.watcher(rules)
    watcher.answer_by(books)
    await seen(watcher)
    assert sorted((act.kind, act.playbook) for act in world.management.done) == [
        ("step-up", "scanning/1"),
        ("throttle", "scanning/2"),
    ]
    (stands,) = await world.records.rungs(world.now)
    assert (stands.rung, stands.value, stands.until) == (2, "192.0.2.1", stands.at + 7200)


async def test_a_risk_begins_higher_up_the_ladder(world: World, loaded: LoadedPolicy) -> None:
    book = next(book for book in policy_playbooks(loaded) if book.id == "scanning")
    steps = [{"do": "block", "of": "network"}]
    rungs = [{"steps": [{"do": "step-up", "of": "network"}]}, {"steps": steps, "from-risk": 0.1}]
    ladder = msgspec.convert({"of": "network", "rungs": rungs}, Ladder)
    watcher = world.watcher(
        tuple(msgspec.structs.replace(one, rule=msgspec.structs.replace(one.rule, responses=())) for one in ENFORCED)
    )
    watcher.answer_by([msgspec.structs.replace(book, mode="on", steps=(), ladder=ladder)])
    await world.stream.append([missed(n) for n in range(12)])
    await seen(watcher)
    assert [(act.kind, act.playbook) for act in world.management.done] == [("block", "scanning/2")]
