"""The stream forgets a person as far as the log has come, goes on where it was, and readers go on where they were."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from ringfence.app import redacting
from ringfence.app.admin import shred_person
from ringfence.app.redacting import keep_redacting, redact_noted
from ringfence.audit.persons import Persons
from ringfence.clock import Instant
from ringfence.events import encode
from ringfence.events.logins import LoginDecided
from ringfence.ids import system_random
from ringfence.keys.sealing import Sealer
from ringfence.store.embedded.sqlite_events import SqliteEvents
from ringfence.store.interface import Unavailable
from ringfence.store.redactions import Redaction

MIA, TOM = "user_" + "m" * 26, "user_" + "t" * 26


def login(user: str) -> bytes:
    return encode(LoginDecided(Instant(1.0), "c", allowed=True, username_hash="f", user=user, network="192.0.2.7"))


@pytest.fixture
async def stream(tmp_path: Path) -> AsyncIterator[SqliteEvents]:
    opened = SqliteEvents(tmp_path / "events.db")
    await opened.append([login(MIA), login(TOM)] * 5)
    yield opened
    await opened.close()


async def positions_of(stream: SqliteEvents, person: str) -> list[int]:
    return [one.position for one in await stream.read(0, 100) if person.encode() in one.data]


async def test_the_log_takes_what_it_seals_before_the_stream_forgets_it(stream: SqliteEvents, tmp_path: Path) -> None:
    await stream.note_redaction(MIA)
    await redact_noted(stream, 4)
    assert await positions_of(stream, MIA) == [5, 7, 9]
    assert await stream.redactions() == [Redaction(MIA, 4, 10)]
    await stream.append([login(MIA)])  # after the shredding: it is about the person again
    await redact_noted(stream, 11)
    assert (await positions_of(stream, MIA), await stream.redactions()) == ([11], [])
    assert await positions_of(stream, TOM) == [2, 4, 6, 8, 10]
    assert await stream.last() == 11


class Dying:
    """A stream whose process is killed before or after a write."""

    def __init__(self, stream: SqliteEvents, writes: int) -> None:
        self._stream = stream
        self.left, self.refused = writes, 0
        self.read, self.redactions, self.note_redaction = stream.read, stream.redactions, stream.note_redaction
        self.finish_redaction = stream.finish_redaction

    async def rewrite(self, redaction: Redaction, upto: int, events: Sequence[tuple[int, bytes]]) -> None:
        if not self.left:
            self.refused += 1
            raise Unavailable("killed")
        self.left -= 1
        await self._stream.rewrite(redaction, upto, events)


async def test_it_goes_on_where_it_ended(stream: SqliteEvents, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redacting, "BATCH", 3)
    await stream.note_redaction(MIA)
    for start in range(3):
        with pytest.raises(Unavailable):
            await redact_noted(Dying(stream, 1), 10)
        assert (await stream.redactions())[0].after == 3 * (start + 1)
    await redact_noted(stream, 10)
    assert (await positions_of(stream, MIA), await stream.redactions()) == ([], [])


async def test_two_at_once_leave_what_one_leaves(stream: SqliteEvents, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redacting, "BATCH", 1)
    await stream.note_redaction(MIA)
    await stream.note_redaction(TOM)
    await asyncio.gather(*(redact_noted(stream, 10) for _ in range(4)))
    assert await positions_of(stream, MIA) == await positions_of(stream, TOM) == []
    assert await stream.redactions() == []


async def test_what_fails_is_tried_again(stream: SqliteEvents) -> None:
    await stream.note_redaction(MIA)
    logged = iter([0, 10])
    failing = Dying(stream, 0)
    task = asyncio.create_task(keep_redacting(failing, lambda: next(logged, 10), 0.001))
    async with asyncio.timeout(30):
        while failing.refused < 2:
            await asyncio.sleep(0.001)
        failing.left = 5
        while await stream.redactions():
            await asyncio.sleep(0.001)
    task.cancel()
    assert await positions_of(stream, MIA) == []


async def test_who_shreds_a_person_notes_it_in_the_stream_first(stream: SqliteEvents, tmp_path: Path) -> None:
    path = tmp_path / "persons.db"
    persons = Persons(path, Sealer(b"k" * 32, system_random), system_random)
    persons.begin(Instant(1.0))
    key, _ = persons.seal(MIA, b"x", "y")
    persons.end()
    persons.close()
    assert await shred_person(path, stream, MIA) == key
    assert await stream.redactions() == [Redaction(MIA, 0, 10)]
    # again, as after a crash between the two: the key is gone, and the stream forgets all the same
    assert await shred_person(path, stream, MIA) is None
    await redact_noted(stream, 10)
    assert await positions_of(stream, MIA) == []
    broken = SqliteEvents(tmp_path)
    with pytest.raises(Unavailable):
        await shred_person(path, broken, TOM)
    await broken.close()
