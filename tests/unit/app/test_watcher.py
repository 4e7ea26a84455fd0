import asyncio
from pathlib import Path

import msgspec
import pytest

from ringfence.app import watcher as module
from ringfence.app.watcher import Watcher, anomalies_of, policy_playbooks, policy_rules
from ringfence.clock import Instant
from ringfence.detect.anomaly.baseline_file import packed
from ringfence.detect.anomaly.detector import AnomalyDetector
from ringfence.detect.engine import Engine
from ringfence.detect.load import in_force, shipped
from ringfence.detect.playbook import Ladder
from ringfence.detect.responses import Act
from ringfence.events import CallDecided, Event, decode, encode
from ringfence.events.detection import BaselineLoaded, RiskCleared
from ringfence.policy.anomaly_model import Anomalies
from ringfence.policy.load import LoadedPolicy
from ringfence.store.case_interface import Silence
from ringfence.store.embedded.lmdb_risk import LmdbRisk
from ringfence.store.embedded.sqlite_cases import SqliteCases
from ringfence.store.embedded.sqlite_events import SqliteEvents
from ringfence.store.embedded.sqlite_watch import SqliteWatch
from ringfence.store.interface import Unavailable
from ringfence.store.risk import entity_key, risk_of

NOW = 1_800_000_000.0
USUAL = Anomalies()
ENFORCED = in_force(shipped(), {"path-probing": "enforce"})


def missed(n: int, network: str = "192.0.2.1") -> bytes:
    event = CallDecided(
        Instant(NOW + n), f"c{n}", "t", allowed=False, status=404, reason="unknown-path", path=f"/p{n}", network=network
    )
    return encode(event)


class Management:
    """Takes acts, unless told to be away."""

    def __init__(self) -> None:
        self.done: list[Act] = []
        self.away = False

    async def carry_out(self, act: Act, why: str) -> str:
        assert why.startswith("alert alert_")
        if self.away:
            raise Unavailable("away")
        self.done.append(act)
        return f"{act.kind}:{act.value}"


class World:
    """A stream and the records of detection, both real."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.stream = SqliteEvents(place / "events.db")
        self.records = SqliteWatch(place / "watch.db")
        self.management = Management()
        self.risks = LmdbRisk(place / "risk.mdb")
        self.emitted: list[Event] = []
        self.now = Instant(NOW + 100)

    def watcher(self, rules=ENFORCED, anomalies=USUAL, silences=None) -> Watcher:
        return Watcher(
            rules,
            1000,
            self.stream,
            self.records,
            self.management,
            self.emitted.append,
            lambda: self.now,
            self.risks,
            anomalies,
            silences,
        )

    async def raised(self) -> list[str]:
        return [alert.rule for alert in await self.records.alerts("", undisposed=False, limit=99)]

    async def close(self) -> None:
        await self.stream.close()
        await self.records.close()


@pytest.fixture
async def world(tmp_path: Path):
    world = World(tmp_path)
    yield world
    await world.close()


async def test_an_alert_is_kept_told_and_answered(world: World) -> None:
    await world.stream.append([missed(n) for n in range(12)])
    await world.watcher().step()
    assert await world.raised() == ["path-probing"]
    assert [(act.kind, act.what, act.value, act.seconds) for act in world.management.done] == [
        ("block", "network", "192.0.2.1", 900)
    ]
    (event,) = world.emitted
    assert (event.rule, event.network, event.at) == ("path-probing", "192.0.2.1", NOW + 9)
    (alert,) = await world.records.alerts("", undisposed=False, limit=9)
    assert alert.answered == "block:192.0.2.1"


async def test_killed_anywhere_it_neither_forgets_nor_repeats(world: World) -> None:
    """Without a goodbye: what was read after the last snapshot is read again, and raises the same alert once."""
    await world.stream.append([missed(n) for n in range(5)])
    first = world.watcher()
    await first.step()
    await first.snapshot()
    await world.stream.append([missed(n) for n in range(5, 9)])
    await first.step()
    second = world.watcher()
    await world.stream.append([missed(9)])
    await second.step()
    assert await world.raised() == ["path-probing"]
    third = world.watcher()
    await third.step()
    assert await world.raised() == ["path-probing"]
    assert len(world.emitted) == len(world.management.done) == 1


async def test_what_the_management_api_could_not_do_is_done_later(world: World) -> None:
    world.management.away = True
    await world.stream.append([missed(n) for n in range(12)])
    watcher = world.watcher()
    with pytest.raises(Unavailable):
        await watcher.step()
    assert await world.raised() == ["path-probing"]
    world.management.away = False
    await watcher.step()
    await world.watcher().step()
    assert len(world.management.done) == 1


async def test_away_for_an_hour_it_tells_late_with_the_true_time_and_blocks_nothing_that_is_over(world: World) -> None:
    await world.stream.append([missed(n) for n in range(12)])
    world.now = Instant(NOW + 3600)
    await world.watcher().step()
    (alert,) = await world.records.alerts("", undisposed=False, limit=9)
    assert (alert.at, alert.answered) == (NOW + 9, "too-late")
    assert world.management.done == []


async def test_alerts_that_cannot_be_kept_are_found_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.stream.append([missed(n) for n in range(12)])
    watcher = world.watcher()

    async def full(_alerts: object) -> list[str]:
        raise Unavailable("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(world.records, "keep", full)
        with pytest.raises(Unavailable):
            await watcher.step()
    await watcher.step()
    assert await world.raised() == ["path-probing"]


async def test_rules_are_replaced_and_what_is_known_stays(world: World) -> None:
    watcher = world.watcher(in_force(shipped(), {}))
    await world.stream.append([missed(n) for n in range(9)])
    await watcher.step()
    watcher.replace(ENFORCED, 1000, USUAL)
    await world.stream.append([missed(9)])
    await watcher.step()
    assert len(world.management.done) == 1


async def test_an_event_of_another_version_is_passed_over(world: World) -> None:
    await world.stream.append([b'{"event":"call.decided.v99"}', *(missed(n) for n in range(10))])
    await world.watcher().step()
    assert await world.raised() == ["path-probing"]


async def test_another_stream_is_read_from_its_start(world: World) -> None:
    await world.records.snapshot(5000, b"")
    await world.stream.append([missed(n) for n in range(10)])
    await world.watcher().step()
    assert await world.raised() == ["path-probing"]


async def test_it_runs_until_told_to_stop_and_keeps_its_place(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BATCH", 3)
    await world.stream.append([missed(n) for n in range(12)])
    stop = asyncio.Event()
    running = asyncio.create_task(world.watcher().run(stop))
    async with asyncio.timeout(10):
        while not await world.raised():
            await asyncio.sleep(0.01)
    stop.set()
    await running
    position, state = await world.records.resume()
    assert position == 12
    assert state


def test_the_policy_says_which_rules_are_in_force(loaded: LoadedPolicy) -> None:
    watch = msgspec.structs.replace(loaded.policy.watch, modes={"injection": "off"})
    changed = msgspec.structs.replace(loaded, policy=msgspec.structs.replace(loaded.policy, watch=watch))
    assert len(policy_rules(loaded)) == len(policy_rules(changed)) + 1


def test_the_policy_says_which_playbooks_are_in_force(loaded: LoadedPolicy) -> None:
    watch = msgspec.structs.replace(loaded.policy.watch, playbook_modes={"scanning": "on", "tokens-stolen": "off"})
    changed = msgspec.structs.replace(loaded, policy=msgspec.structs.replace(loaded.policy, watch=watch))
    assert {book.id: book.mode for book in policy_playbooks(changed)}["scanning"] == "on"
    assert len(policy_playbooks(loaded)) == len(policy_playbooks(changed)) + 1


async def test_playbooks_add_to_what_a_rule_does_itself(world: World, loaded: LoadedPolicy) -> None:
    book = next(book for book in policy_playbooks(loaded) if book.id == "scanning")
    step_up = msgspec.structs.replace(book.steps[0], do="step-up")
    watcher = world.watcher()
    watcher.answer_by([msgspec.structs.replace(book, mode="on", steps=(*book.steps, step_up))])
    await world.stream.append([missed(n) for n in range(12)])
    await watcher.step()
    assert [(act.kind, act.playbook) for act in world.management.done] == [("block", ""), ("step-up", "scanning")]


async def test_of_a_late_alert_only_what_is_not_over_is_done(world: World, loaded: LoadedPolicy) -> None:
    book = next(book for book in policy_playbooks(loaded) if book.id == "scanning")
    longer = msgspec.structs.replace(book.steps[0], do="step-up", lasts="2h")
    watcher = world.watcher()
    watcher.answer_by([msgspec.structs.replace(book, mode="on", steps=(longer,))])
    world.now = Instant(NOW + 3600)
    await world.stream.append([missed(n) for n in range(12)])
    await watcher.step()
    assert [act.kind for act in world.management.done] == ["step-up"]


async def test_groups_that_had_to_go_are_told(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    await world.stream.append([missed(0, f"10.0.{n // 250}.{n % 250}") for n in range(500)])
    watcher = Watcher(
        ENFORCED,
        100,
        world.stream,
        world.records,
        world.management,
        world.emitted.append,
        lambda: world.now,
        world.risks,
    )
    await watcher.step()
    await watcher.snapshot()
    assert "groups forgotten" in capsys.readouterr().out
    await watcher.snapshot()
    assert "groups forgotten" not in capsys.readouterr().out, "told once, not again each half minute"


async def test_an_alert_under_a_silence_is_kept_and_answered_and_says_so(world: World) -> None:
    cases = SqliteCases(world.place / "watch.db")
    silence = Silence("silence_1", "path-probing", {"network": "192.0.2.1"}, Instant(NOW + 500), "w", "u", Instant(NOW))
    await cases.add_silence(silence)
    watcher = world.watcher(silences=cases)
    await world.stream.append([missed(n) for n in range(12)] + [missed(n, "192.0.2.9") for n in range(12)])
    await watcher.step()
    assert [event.silenced for event in world.emitted] == ["silence_1", ""]
    assert len(world.management.done) == 2
    assert len(await world.raised()) == 2
    await cases.close()


async def test_where_silences_cannot_be_read_everybody_is_told(world: World) -> None:
    cases = SqliteCases(world.place / "none" / "watch.db")
    watcher = world.watcher(silences=cases)
    await world.stream.append([missed(n) for n in range(12)])
    await watcher.step()
    assert [event.silenced for event in world.emitted] == [""]


def against(world: World, kind: str, value: str) -> float:
    return risk_of([(kind, world.risks.get([entity_key(kind, value)])[0])], world.now).score


async def test_what_an_alert_says_can_be_read_at_once_and_is_cleared_by_an_operator(world: World) -> None:
    await world.stream.append([missed(n) for n in range(12)])
    watcher = world.watcher()
    await watcher.step()
    assert against(world, "network", "192.0.2.1") > 0.1
    cleared = RiskCleared(Instant(NOW + 50), "c", "network", "192.0.2.1", 0.3, "known scanner", "uid:0")
    await world.stream.append([encode(cleared)])
    await watcher.step()
    assert against(world, "network", "192.0.2.1") == 0


async def test_a_lost_file_is_filled_again_from_the_snapshot_and_loses_what_nobody_knows_of(world: World) -> None:
    await world.stream.append([missed(n) for n in range(12)])
    first = world.watcher()
    await first.step()
    await first.snapshot()
    before = against(world, "network", "192.0.2.1")
    unknown = entity_key("network", "198.51.100.1")
    await world.risks.put({unknown: b"left behind"}, whole=True)
    assert against(world, "network", "192.0.2.1") == 0
    await world.watcher().step()
    assert against(world, "network", "192.0.2.1") == before
    assert world.risks.get([unknown]) == [None]


class Away:
    """Risk that cannot be written."""

    def __init__(self, real: LmdbRisk) -> None:
        self.real, self.away = real, True

    def get(self, keys):
        return self.real.get(keys)

    async def put(self, rows, *, whole: bool = False) -> None:
        if self.away:
            raise Unavailable("disk full")
        await self.real.put(rows, whole=whole)


async def test_where_risk_cannot_be_written_rules_go_on_and_it_is_written_later(world: World) -> None:
    real, world.risks = world.risks, Away(world.risks)
    await world.stream.append([missed(n) for n in range(12)])
    watcher = world.watcher()
    await watcher.step()
    assert await world.raised() == ["path-probing"]
    world.risks.away = False
    await watcher.step()
    assert real.get([entity_key("network", "192.0.2.1")]) != [None]


async def test_a_snapshot_from_before_there_was_risk_is_gone_on_from(world: World) -> None:
    engine = Engine(ENFORCED)
    for n in range(9):
        engine.feed(n + 1, decode(missed(n)))
    await world.stream.append([missed(n) for n in range(10)])
    await world.records.snapshot(9, engine.snapshot())
    await world.watcher().step()
    assert await world.raised() == ["path-probing"]


async def test_what_is_usual_is_taken_from_a_file_once_and_that_is_on_record(world: World, tmp_path: Path) -> None:
    learned = AnomalyDetector()
    learned.feed(1, decode(missed(0)))
    file = tmp_path / "usual"
    file.write_bytes(packed(learned))
    settings = Anomalies(baseline=str(file))
    await world.stream.append([missed(0)])
    for _ in range(2):
        watcher = world.watcher(anomalies=settings)
        await watcher.step()
        await watcher.snapshot()
    (event,) = [event for event in world.emitted if isinstance(event, BaselineLoaded)]
    assert (event.entities, event.version, event.trained_until) == (2, "1", NOW)
    file.write_bytes(b"broken")
    watcher.replace(ENFORCED, 1000, settings)
    await watcher.step()
    assert len([event for event in world.emitted if isinstance(event, BaselineLoaded)]) == 1


async def test_what_anomaly_detection_says_of_itself_is_kept_and_off_is_off(world: World) -> None:
    await world.stream.append([missed(n) for n in range(3)])
    await world.watcher().step()
    assert msgspec.json.decode(await world.records.status())["entities"] == 2
    off = world.watcher(anomalies=Anomalies(mode="off"))
    await off.step()
    await off.snapshot()
    _, state = await world.records.resume()
    assert msgspec.msgpack.decode(state)["anomalies"] == b""


def test_a_file_lies_where_the_policy_says(loaded: LoadedPolicy) -> None:
    assert anomalies_of(loaded).baseline == ""
    watch = msgspec.structs.replace(loaded.policy.watch, anomalies=Anomalies(baseline="usual"))
    changed = msgspec.structs.replace(loaded, policy=msgspec.structs.replace(loaded.policy, watch=watch))
    assert anomalies_of(changed).baseline == str(loaded.places.file("usual"))


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
        with pytest.raises(Unavailable):
            await watcher.step()
    world.management.away = False
    await world.stream.append([missed(1800 + n) for n in range(12)])
    world.now = Instant(NOW + 1900)
    watcher = world.watcher(rules)
    watcher.answer_by(books)
    await watcher.step()
    assert [(act.kind, act.playbook) for act in world.management.done] == [
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
    await watcher.step()
    assert [(act.kind, act.playbook) for act in world.management.done] == [("block", "scanning/2")]
