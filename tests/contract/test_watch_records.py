"""The records of detection keep these promises."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from ringfence.clock import Instant
from ringfence.store.case_interface import Case
from ringfence.store.embedded.sqlite_cases import SqliteCases
from ringfence.store.embedded.sqlite_watch import SqliteWatch
from ringfence.store.interface import Unavailable
from ringfence.store.response_interface import KeptResponse
from ringfence.store.watch_interface import Block, KeptAlert, WatchRecords

NOW = Instant(1_800_000_000.0)


@pytest.fixture
async def records(tmp_path: Path) -> AsyncIterator[WatchRecords]:
    watch = SqliteWatch(tmp_path / "watch.db")
    yield watch
    await watch.close()


def alert(n: int, rule: str = "r", answered: str = "none") -> KeptAlert:
    return KeptAlert(f"alert_{n}", rule, Instant(NOW + n), "high", "alert", "t", "e", msgspec.Raw(b'{"n":1}'), answered)


async def test_position_and_state_are_kept_together(records: WatchRecords) -> None:
    assert await records.resume() == (0, b"")
    await records.snapshot(7, b"state")
    await records.snapshot(9, b"later")
    assert await records.resume() == (9, b"later")


async def test_how_far_was_read_is_noted_apart_from_the_snapshot(records: WatchRecords) -> None:
    assert await records.seen() == 0
    await records.note_seen(7)
    await records.note_seen(9)
    assert await records.seen() == 9
    assert await records.resume() == (0, b"")


async def test_what_anomaly_detection_says_of_itself_is_kept_the_last(records: WatchRecords) -> None:
    assert await records.status() == b""
    await records.note_status(b"{}")
    await records.note_status(b"[]")
    assert await records.status() == b"[]"


async def test_an_alert_is_kept_once(records: WatchRecords) -> None:
    assert await records.keep([alert(1), alert(2)]) == ["alert_1", "alert_2"]
    assert await records.keep([alert(2), alert(3)]) == ["alert_3"]
    assert [a.alert_id for a in await records.alerts("", undisposed=False, limit=10)] == [
        "alert_3",
        "alert_2",
        "alert_1",
    ]
    found = await records.alert("alert_1")
    assert found == alert(1)
    assert await records.alert("alert_x") is None


async def test_alerts_are_disposed_and_listed_by_rule_and_state(records: WatchRecords) -> None:
    await records.keep([alert(1), alert(2, "s")])
    assert await records.dispose("alert_1", "attack", "note", "uid:0", NOW)
    assert not await records.dispose("alert_9", "attack", "", "uid:0", NOW)
    assert [a.alert_id for a in await records.alerts("", undisposed=True, limit=10)] == ["alert_2"]
    assert [a.alert_id for a in await records.alerts("r", undisposed=False, limit=10)] == ["alert_1"]
    kept = await records.alert("alert_1")
    assert kept is not None
    assert (kept.disposition, kept.note, kept.disposed_by, kept.disposed_at) == ("attack", "note", "uid:0", NOW)
    assert await records.keep([alert(1)]) == []
    assert (await records.alert("alert_1")) == kept, "what was read again does not undo what a person said"


async def test_what_is_still_to_be_done_is_told_oldest_first(records: WatchRecords) -> None:
    await records.keep([alert(2, answered=""), alert(1, answered=""), alert(3)])
    assert [a.alert_id for a in await records.unanswered()] == ["alert_1", "alert_2"]
    await records.answered("alert_1", "block:network:192.0.2.1")
    assert [a.alert_id for a in await records.unanswered()] == ["alert_2"]


async def test_blocks_stand_until_they_end_or_are_lifted(records: WatchRecords) -> None:
    first = Block("network", "192.0.2.1", Instant(NOW + 60), "why", "uid:0", NOW)
    await records.add_block(first)
    await records.add_block(msgspec.structs.replace(first, until=Instant(NOW + 90)))
    await records.add_block(Block("user", "u", Instant(NOW + 30), "why", "uid:0", NOW))
    assert [(b.kind, b.until - NOW) for b in await records.blocks(NOW)] == [("user", 30), ("network", 90)]
    assert [b.kind for b in await records.blocks(Instant(NOW + 31))] == ["network"]
    assert await records.remove_block("network", "192.0.2.1")
    assert not await records.remove_block("network", "192.0.2.1")


async def test_two_processes_share_the_file(tmp_path: Path) -> None:
    one, two = SqliteWatch(tmp_path / "watch.db"), SqliteWatch(tmp_path / "watch.db")
    await asyncio.gather(*(r.keep([alert(n)]) for n in range(50) for r in (one, two)))
    assert len(await one.alerts("", undisposed=False, limit=100)) == 50
    await one.close()
    await two.close()


async def test_a_file_that_cannot_be_used_is_unavailable(tmp_path: Path) -> None:
    watch = SqliteWatch(tmp_path / "none" / "watch.db")
    with pytest.raises(Unavailable):
        await watch.resume()
    (tmp_path / "none").mkdir()
    assert await watch.resume() == (0, b"")
    await watch.close()
    await watch.close()
    with pytest.raises(Unavailable):
        await watch.resume()


def response(name: str, at: float = 0.0, rule: str = "r", state: str = "pending", until: float = 60.0) -> KeptResponse:
    ends = Instant(NOW + until if until else 0.0)
    return KeptResponse(name, "block", "network", "n", state, Instant(NOW + at), ends, "w", "b", rule=rule)


async def test_a_response_is_kept_once(records: WatchRecords) -> None:
    kept = await asyncio.gather(*(records.add_response(response("x"), 100, 50) for _ in range(50)))
    assert [new for _, new in kept].count(True) == 1
    assert {one.state for one, _ in kept} == {"pending"}
    assert await records.response("x") == response("x")
    assert await records.response("y") is None


async def test_of_many_at_once_as_many_are_taken_as_the_bound_says(tmp_path: Path) -> None:
    """From two processes' worth of connections: the count and the row are one transaction."""
    both = [SqliteWatch(tmp_path / "watch.db"), SqliteWatch(tmp_path / "watch.db")]
    asked = (both[n % 2].add_response(response(f"x{n}", rule=f"r{n % 4}"), 10, 4) for n in range(40))
    states = [one.state for one, _ in await asyncio.gather(*asked)]
    assert (states.count("pending"), states.count("held")) == (10, 30)
    assert (await both[0].add_response(response("later", 3601.0), 10, 4))[0].state == "pending"
    for watch in both:
        await watch.close()


async def test_one_rule_takes_its_part_only(records: WatchRecords) -> None:
    states = [(await records.add_response(response(f"x{n}"), 10, 4))[0].state for n in range(8)]
    assert states == ["pending"] * 4 + ["held"] * 4
    assert (await records.add_response(response("other", rule="s"), 10, 4))[0].state == "pending"
    assert (await records.add_response(response("dry", state="dry-run"), 10, 4))[0].state == "dry-run"


async def test_exactly_one_moves_a_response(records: WatchRecords) -> None:
    await records.add_response(response("x"), 9, 9)
    moved = await asyncio.gather(*(records.move_response("x", ("pending",), "done", f"by{n}") for n in range(20)))
    assert moved.count(True) == 1
    assert not await records.move_response("x", ("held", "pending"), "undone", "late")
    assert await records.move_response("x", ("held", "done"), "undone", "me", Instant(NOW + 5))
    found = await records.response("x")
    assert found is not None
    assert (found.state, found.changed_by, found.until) == ("undone", "me", NOW + 5)


async def test_what_stands_is_what_was_done_and_has_not_ended(records: WatchRecords) -> None:
    for name, state, until in (("a", "done", 60), ("b", "done", 0), ("c", "held", 60), ("d", "undone", 60)):
        await records.add_response(response(name, state=state, until=until), 9, 9)
    assert [one.response_id for one in await records.standing_responses(NOW)] == ["a", "b"]
    assert [one.response_id for one in await records.standing_responses(Instant(NOW + 60))] == ["b"]
    assert [one.response_id for one in await records.responses(3)] == ["a", "b", "c"]


def about(n: int, client: str, rule: str, mode: str = "alert", answered: str = "none") -> KeptAlert:
    detail = msgspec.Raw(msgspec.json.encode({"group": {"client": client}}))
    return KeptAlert(f"alert_{n}", rule, Instant(NOW + n), "high", mode, "t", "e", detail, answered)


async def test_of_each_rule_that_speaks_against_a_client_the_newest_alert_is_found(records: WatchRecords) -> None:
    await records.keep([about(n, "c", "loud") for n in range(600)])
    await records.keep(
        [about(700, "c", "rare"), about(701, "d", "other"), about(702, "c", "rare", "shadow"), alert(703)]
    )
    found = await records.witnesses("c", NOW, Instant(NOW + 1000))
    assert [one.alert_id for one in found] == ["alert_599", "alert_700", "alert_702"]
    assert [one.alert_id for one in await records.witnesses("c", NOW, Instant(NOW + 50))] == ["alert_50"]
    assert await records.witnesses("nobody", NOW, Instant(NOW + 1000)) == []


async def test_old_alerts_are_forgotten_unless_somebody_still_needs_them(records: WatchRecords, tmp_path: Path) -> None:
    await records.keep([about(n, "c", "r", answered="" if n == 7 else "none") for n in range(2_500)])
    assert await records.forget_alerts(Instant(NOW + 5)) == 5
    cases = SqliteCases(tmp_path / "watch.db")
    await cases.open_case(Case("case_1", "t", NOW, "u", alerts=("alert_9",)))
    assert await records.forget_alerts(Instant(NOW + 2_000)) == 1_993
    left = [one.alert_id for one in await records.alerts("", undisposed=False, limit=9_999)]
    assert left[-2:] == ["alert_9", "alert_7"]
    assert len(left) == 502
    await cases.close()
