from pathlib import Path

from ringfence.store.embedded.sqlite_watch import SqliteWatch


async def test_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    watch = SqliteWatch(tmp_path / "watch.db")
    await watch.snapshot(1, b"s")
    assert (tmp_path / "watch.db").stat().st_mode & 0o777 == 0o600
    await watch.close()
