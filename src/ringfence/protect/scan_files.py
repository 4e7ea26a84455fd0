"""Scan files: logs, databases, logs that were packed, and every directory below.  PCI DSS §3.5.1.

A database of SQLite is read twice: value by value, because in its pages values stand side by side with nothing
between them, and byte by byte, because pages keep what was deleted.
"""

import gzip
import sqlite3
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, cast
from urllib.parse import quote

from ringfence.protect.scan import Found, Scanner, scan

CHUNK: Final = 1 << 20
"""Bytes that are read at once."""

_SQLITE: Final = b"SQLite format 3\0"
_GZIP: Final = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class Place:
    """A number and where it stands."""

    path: Path
    where: str
    """`byte N`, or `TABLE.COLUMN row N`."""
    found: Found


@dataclass(frozen=True, slots=True)
class Unread:
    """What could not be read: nobody knows what it holds."""

    path: Path
    why: str


def files_below(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield the files of the paths and of all directories below them; links below are not followed."""
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        for entry in sorted(path.iterdir()):
            if not entry.is_symlink() and entry.is_dir():
                yield from files_below([entry])
            elif stat.S_ISREG(entry.lstat().st_mode):
                yield entry


def scan_file(path: Path, progress: Callable[[int], None]) -> Iterator[Place | Unread]:
    """Yield what a file holds; in a database, a number that its pages hold besides is not told again.

    Args:
        path: of any kind; sockets and the like have no content.
        progress: called with the number of bytes that have been read.
    """
    seen: set[str] = set()
    try:
        with path.open("rb") as file:
            begin = file.read(len(_SQLITE))
            if begin == _SQLITE:
                for place in _cells(path):
                    if isinstance(place, Place):
                        seen.add(place.found.value)
                    yield place
            file.seek(0)
            opened = cast("BinaryIO", gzip.GzipFile(fileobj=file)) if begin[:2] == _GZIP else file
            for found in _streamed(opened, progress):
                if found.value not in seen:
                    yield Place(path, f"byte {found.offset}", found)
    except (OSError, EOFError) as error:
        yield Unread(path, str(error.strerror if isinstance(error, OSError) and error.strerror else error))


def _streamed(file: BinaryIO, progress: Callable[[int], None]) -> Iterator[Found]:
    scanner = Scanner()
    while data := file.read(CHUNK):
        yield from scanner.feed(data)
        progress(len(data))
    yield from scanner.end()


def _cells(path: Path) -> Iterator[Place | Unread]:
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=ro", uri=True)) as connection:
            connection.text_factory = bytes
            tables = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
            for (name,) in tables:
                table = name.decode()
                quoted = table.replace('"', '""')
                rows = connection.execute(f'SELECT * FROM "{quoted}"')  # noqa: S608 - a name that the database gave
                columns = [column[0] for column in rows.description]
                for number, row in enumerate(rows, 1):
                    for column, value in zip(columns, row, strict=True):
                        data = value if isinstance(value, bytes) else str(value).encode()
                        for found in scan(data):
                            yield Place(path, f"{table}.{column} row {number}", found)
    except sqlite3.Error as error:
        yield Unread(path, f"as a database: {error}")
