"""The records of analysts keep these promises."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from ringfence.clock import Instant
from ringfence.store.case_interface import Case, CaseRecords, Note, Silence
from ringfence.store.embedded.sqlite_cases import SqliteCases
from ringfence.store.interface import Unavailable

NOW = Instant(1_800_000_000.0)


@pytest.fixture
async def records(tmp_path: Path) -> AsyncIterator[CaseRecords]:
    cases = SqliteCases(tmp_path / "watch.db")
    yield cases
    await cases.close()


def case(n: int, *alerts: str) -> Case:
    return Case(f"case_{n}", f"title {n}", Instant(NOW + n), "uid:1", alerts=alerts)


def note(text: str = "n") -> Note:
    return Note(NOW, "uid:1", text)


async def test_a_case_is_kept_with_its_alerts_in_order(records: CaseRecords) -> None:
    await records.open_case(case(1, "b", "a", "b"))
    await records.open_case(case(2, "c"))
    found = await records.case("case_1")
    assert found == msgspec.structs.replace(case(1, "b", "a"))
    assert [one.case_id for one in await records.cases(only_open=False, limit=9)] == ["case_2", "case_1"]
    assert await records.cases(only_open=False, limit=1) == [case(2, "c")]
    assert await records.case("case_3") is None
    assert await records.cases_of("a") == ["case_1"]


async def test_alerts_and_notes_are_added_to_what_is_open(records: CaseRecords) -> None:
    await records.open_case(case(1, "a"))
    assert await records.add_alerts("case_1", ["b", "a", "c"])
    assert await records.add_note("case_1", note("seen"))
    found = await records.case("case_1")
    assert found is not None
    assert (found.alerts, found.notes) == (("a", "b", "c"), (note("seen"),))
    assert not await records.add_alerts("case_9", ["b"])
    assert not await records.add_note("case_9", note())
    assert await records.close_case("case_1", "benign", note("over"))
    assert not await records.add_alerts("case_1", ["d"])
    assert await records.add_note("case_1", note("afterwards"))
    found = await records.case("case_1")
    assert found is not None
    assert (found.disposition, found.closed_at, found.is_open, len(found.notes)) == ("benign", NOW, False, 3)
    assert await records.cases(only_open=True, limit=9) == []
    assert await records.cases_of("a") == []


async def test_a_merge_moves_everything_or_nothing(records: CaseRecords) -> None:
    for one in (case(1, "a", "b"), case(2, "b", "c"), case(3)):
        await records.open_case(one)
    assert await records.merge("case_1", "case_2", note("merged"))
    into, gone = await records.case("case_2"), await records.case("case_1")
    assert into is not None
    assert gone is not None
    assert (into.alerts, gone.merged_into, gone.is_open) == (("b", "c", "a"), "case_2", False)
    for refused in (("case_1", "case_3"), ("case_2", "case_1"), ("case_2", "case_2"), ("case_2", "case_9")):
        assert not await records.merge(*refused, note())
    assert await records.cases_of("a") == ["case_2"]


async def test_of_many_that_end_a_case_at_once_one_does(tmp_path: Path) -> None:
    processes = [SqliteCases(tmp_path / "watch.db") for _ in range(4)]
    await processes[0].open_case(case(1, "a"))
    await processes[0].open_case(case(2, "b"))
    ends = [processes[i % 4].close_case("case_1", "attack", note()) for i in range(10)]
    moves = [processes[i % 4].merge("case_1", "case_2", note()) for i in range(10)]
    assert sum(await asyncio.gather(*ends, *moves)) == 1
    for process in processes:
        await process.close()


async def test_silences_hold_until_they_end(records: CaseRecords) -> None:
    one = Silence("silence_1", "r", {"client": "c"}, Instant(NOW + 10), "why", "uid:1", NOW)
    await records.add_silence(one)
    assert await records.silences(Instant(NOW + 9)) == [one]
    assert await records.silences(Instant(NOW + 10)) == []
    assert await records.end_silence("silence_1") == one
    assert await records.end_silence("silence_1") is None
    assert one.covers("r", {"client": "c", "operation": "o"})
    assert not one.covers("r", {"client": "d"})
    assert not one.covers("q", {"client": "c"})


async def test_a_file_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        await SqliteCases(tmp_path / "none" / "watch.db").cases(only_open=False, limit=1)


async def test_one_case_stands_for_a_key_while_it_is_open(records: CaseRecords) -> None:
    assert await records.open_or_add("k", case(1, "a"), 99) == ("case_1", "opened")
    assert await records.open_or_add("k", case(2, "b"), 99) == ("case_1", "added")
    assert await records.open_or_add("k", case(3, "b"), 99) == ("case_1", "there")
    assert await records.open_or_add("other", case(4, "c"), 99) == ("case_4", "opened")
    found = await records.case("case_1")
    assert found is not None
    assert found.alerts == ("a", "b")
    await records.close_case("case_1", "benign", note())
    assert await records.open_or_add("k", case(5, "d"), 99) == ("case_5", "opened")
    assert [one.case_id for one in await records.cases(only_open=True, limit=9)] == ["case_5", "case_4"]


async def test_the_case_that_another_was_merged_into_stands_for_its_key(records: CaseRecords) -> None:
    await records.open_or_add("k", case(1, "a"), 99)
    await records.open_case(case(2, "z"))
    await records.merge("case_1", "case_2", note())
    assert await records.open_or_add("k", case(3, "b"), 99) == ("case_2", "added")


async def test_an_open_case_that_has_the_alert_stands_for_the_key(records: CaseRecords) -> None:
    """A person was faster: what follows belongs to their case."""
    await records.open_case(case(1, "a"))
    assert await records.open_or_add("k", case(2, "a"), 99) == ("case_1", "there")
    assert await records.open_or_add("k", case(3, "b"), 99) == ("case_1", "added")


async def test_a_case_that_is_full_is_followed_by_another(records: CaseRecords) -> None:
    for n in range(3):
        assert await records.open_or_add("k", case(n, f"a{n}"), 3) == ("case_0", "added" if n else "opened")
    assert await records.open_or_add("k", case(7, "a1"), 3) == ("case_0", "there")
    assert await records.open_or_add("k", case(8, "a8"), 3) == ("case_8", "opened")
    assert await records.open_or_add("k", case(9, "a9"), 3) == ("case_8", "added")


async def test_of_many_alerts_at_once_one_opens_the_case(tmp_path: Path) -> None:
    processes = [SqliteCases(tmp_path / "watch.db") for _ in range(4)]
    opening = [processes[n % 4].open_or_add("k", case(n, f"a{n}"), 999) for n in range(50)]
    found = await asyncio.gather(*opening)
    assert [became for _, became in found].count("opened") == 1
    assert len({case_id for case_id, _ in found}) == 1
    (kept,) = await processes[0].cases(only_open=True, limit=99)
    assert set(kept.alerts) == {f"a{n}" for n in range(50)}
    for process in processes:
        await process.close()
