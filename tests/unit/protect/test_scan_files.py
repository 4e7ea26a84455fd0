import gzip
import os
import sqlite3
from contextlib import closing
from pathlib import Path

from ringfence.protect.scan_files import CHUNK, Place, Unread, files_below, scan_file

CARD, IBAN = "4111111111111111", "DE89370400440532013000"


def places(path: Path) -> list[tuple[str, str]]:
    return [(one.where, one.found.value) for one in scan_file(path, lambda _: None) if isinstance(one, Place)]


def test_a_log_is_read_in_pieces_and_a_packed_one_too(tmp_path: Path) -> None:
    text = b"x" * (CHUNK - 8) + b" " + CARD.encode() + b"\n"
    (tmp_path / "log").write_bytes(text)
    (tmp_path / "log.gz").write_bytes(gzip.compress(text))
    read: list[int] = []
    assert [one.found.value for one in scan_file(tmp_path / "log", read.append) if isinstance(one, Place)] == [CARD]
    assert sum(read) == len(text)
    assert places(tmp_path / "log.gz") == [(f"byte {CHUNK - 7}", CARD)]


def test_values_that_stand_side_by_side_in_a_database_are_found_and_what_was_deleted_as_well(tmp_path: Path) -> None:
    path = tmp_path / "records ?.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA secure_delete = OFF")
        connection.execute('CREATE TABLE "a ""b" (name TEXT, card TEXT, more BLOB, number INTEGER)')
        connection.execute('INSERT INTO "a ""b" VALUES (?, ?, ?, ?)', ("abc", CARD, b"2026", 5555555555554444))
        connection.execute("CREATE TABLE gone (text TEXT)")
        connection.execute("INSERT INTO gone VALUES (?)", (f"to {IBAN} today",))
        connection.commit()
        connection.execute("DELETE FROM gone")
        connection.commit()
    assert CARD.encode() + b"2026" in path.read_bytes()
    found = places(path)
    assert found[:2] == [('a "b.card row 1', CARD), ('a "b.number row 1', "5555555555554444")]
    assert [value for _, value in found[2:]] == [IBAN]
    assert found[2][0].startswith("byte ")


def test_what_a_database_of_a_running_process_has_not_yet_moved_into_its_file_is_found(tmp_path: Path) -> None:
    path = tmp_path / "records.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE t (a TEXT, b TEXT)")
        connection.execute("INSERT INTO t VALUES ('x', ?)", (CARD,))
        connection.commit()
        assert ("t.b row 1", CARD) in places(path)


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    broken = tmp_path / "broken.db"
    broken.write_bytes(b"SQLite format 3\0" + b"\xff" * 200 + f" {CARD} ".encode())
    cut = tmp_path / "cut.gz"
    cut.write_bytes(gzip.compress(os.urandom(4000))[:100])
    told = list(scan_file(broken, lambda _: None))
    assert isinstance(told[0], Unread)
    assert isinstance(told[1], Place)
    assert [type(one) for one in scan_file(cut, lambda _: None)] == [Unread]
    assert [type(one) for one in scan_file(tmp_path / "none", lambda _: None)] == [Unread]


def test_directories_are_walked_and_links_and_sockets_are_not(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a/b").write_text("x")
    (tmp_path / "c").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "d")
    assert list(files_below([tmp_path, tmp_path / "none"])) == [tmp_path / "a/b", tmp_path / "none"]
