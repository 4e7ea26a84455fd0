"""What the records are like on SQLite beyond the contract: files, outages, a full disk."""

# ruff: noqa: ASYNC240  # a test may hold up its own event loop for a moment

import resource
import signal
import stat
from pathlib import Path

import pytest

from ringfence.clock import Instant
from ringfence.store.interface import Unavailable
from ringfence.store.model import Client
from ringfence.store.records import open_records


def client(name: str) -> Client:
    return Client(client_id=name, name="x" * 3000, created_at=Instant(1.0))


async def test_only_the_owner_reads_the_file(tmp_path: Path) -> None:
    records = await open_records(f"sqlite+aiosqlite:///{tmp_path}/records.db")
    await records.add_client(client("a"))
    for file in tmp_path.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    await records.close()


async def test_a_place_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        await open_records(f"sqlite+aiosqlite:///{tmp_path}/absent/records.db")


async def test_a_file_that_is_no_database_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "records.db").write_bytes(b"not a database" * 1000)
    with pytest.raises(Unavailable):
        await open_records(f"sqlite+aiosqlite:///{tmp_path}/records.db")


async def test_on_a_full_disk_nothing_is_half_kept_and_it_goes_on_afterwards(tmp_path: Path) -> None:
    records = await open_records(f"sqlite+aiosqlite:///{tmp_path}/records.db")
    kept: list[str] = []

    async def fill() -> None:
        for i in range(1000):
            await records.add_client(client(str(i)))
            kept.append(str(i))

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    old = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, hard))
    try:
        with pytest.raises(Unavailable):
            await fill()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, old)
    assert kept
    await records.add_client(client("after"))
    assert {c.client_id for c in await records.list_clients()} == {*kept, "after"}
    await records.close()
