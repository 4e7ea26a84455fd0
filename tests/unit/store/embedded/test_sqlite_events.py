"""What SQLite adds to the contract: the file's mode, a broken file, an orderly end."""

import stat
from pathlib import Path

import pytest

from ringfence.store.embedded.sqlite_events import SqliteEvents
from ringfence.store.interface import Unavailable


async def test_only_the_owner_reads_the_files(tmp_path: Path) -> None:
    stream = SqliteEvents(tmp_path / "events.db")
    await stream.append([b"1"])
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}  # noqa: ASYNC240 - a test
    assert modes == dict.fromkeys(("events.db", "events.db-wal", "events.db-shm"), 0o600)
    await stream.close()
    await stream.close()


async def test_a_file_that_is_no_database_is_unavailable_and_stays_as_it_is(tmp_path: Path) -> None:
    content = b"something else entirely" * 100
    (tmp_path / "events.db").write_bytes(content)
    stream = SqliteEvents(tmp_path / "events.db")
    with pytest.raises(Unavailable):
        await stream.append([b"1"])
    assert (tmp_path / "events.db").read_bytes() == content
    await stream.close()
