"""Events say less and stand where they stood; what they said before is in no file."""

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ringfence.store.embedded.sqlite_events import SqliteEvents
from ringfence.store.redactions import Redaction

OLD, NEW = b"somebody " * 400, b"nobody"


@pytest.fixture
async def stream(tmp_path: Path) -> AsyncIterator[SqliteEvents]:
    opened = SqliteEvents(tmp_path / "events.db")
    yield opened
    await opened.close()


def lying(directory: Path, text: bytes) -> list[str]:
    return [path.name for path in directory.iterdir() if text in path.read_bytes()]


async def test_an_event_is_replaced_where_it_stands_and_leaves_no_trace(stream: SqliteEvents, tmp_path: Path) -> None:
    await stream.append([OLD, b"other"], source="oauth-1", upto=10_000)
    before = await stream.read(0, 10)
    await stream.note_redaction("mia")
    (noted,) = await stream.redactions()
    assert noted == Redaction("mia", 0, 2)
    await stream.rewrite(noted, 2, [(1, NEW)])
    after = await stream.read(0, 10)
    assert [one.data for one in after] == [NEW, b"other"]
    assert [(x.position, x.source, x.offset) for x in after] == [(x.position, x.source, x.offset) for x in before]
    assert await stream.shipped("oauth-1") == 10_000
    (done,) = await stream.redactions()
    assert await stream.finish_redaction(done)
    assert await stream.redactions() == []
    assert (await stream.append([b"next"]), lying(tmp_path, b"somebody"), lying(tmp_path, b"mia")) == (3, [], [])


async def test_it_is_about_what_was_there_when_it_was_noted(stream: SqliteEvents) -> None:
    await stream.note_redaction("mia")
    assert await stream.redactions() == [Redaction("mia", 0, 0)]
    await stream.append([OLD])
    await stream.note_redaction("mia")
    await stream.append([OLD])
    assert await stream.redactions() == [Redaction("mia", 0, 1)]


async def test_noted_again_it_begins_again_and_the_older_one_is_no_more(stream: SqliteEvents) -> None:
    await stream.append([OLD, OLD])
    await stream.note_redaction("mia")
    (first,) = await stream.redactions()
    await stream.rewrite(first, 1, [])
    await stream.append([OLD])
    await stream.note_redaction("mia")
    await stream.rewrite(first, 2, [(2, NEW)])  # does not stand like that
    assert await stream.redactions() == [Redaction("mia", 0, 3)]
    assert {one.data for one in await stream.read(0, 10)} == {OLD}
    await stream.finish_redaction(Redaction("mia", 3, 3))  # is not done
    assert await stream.redactions() == [Redaction("mia", 0, 3)]


async def test_it_is_not_done_while_somebody_reads_what_was(stream: SqliteEvents, tmp_path: Path) -> None:
    await stream.append([OLD])
    await stream.note_redaction("mia")
    reader = sqlite3.connect(tmp_path / "events.db", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT data FROM events").fetchone()
    (noted,) = await stream.redactions()
    await stream.rewrite(noted, 1, [(1, NEW)])
    (done,) = await stream.redactions()
    assert not await stream.finish_redaction(done)
    assert await stream.redactions() == [done]
    reader.close()
    assert await stream.finish_redaction(done)
    assert lying(tmp_path, b"somebody") == []
