"""Whatever the suite logs or stores holds no card number and no IBAN, wherever a test put one.  PCI DSS §3.5.1.

Each test's captured output is read when the test ends, and what installations left in the session's directories once,
when the session ends. Tests put numbers into their inputs; that ours shows one on the other side is a failure. A
test whose own output or files have numbers, because they are its subject, says why in the marker `shows_numbers`.
What a test reads itself from `capsys` is not seen here, and UTF-16 only for cards.
"""

import gzip
import os
import re
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import quote

from ringfence.protect.scan import Found, scan
from ringfence.protect.scan_files import files_below

LARGEST: Final = 50 << 20
"""Bytes: a larger file is not read, nor are the rest of a database's values beyond as many."""

ROOTS: Final = ("state", "logs", "keys")
"""Directories of an installation that are ours; the bank's ledger and the policy's documents are not."""

KEPT: Final = re.compile(
    r"\.(?:log|jsonl|journal|ndjson)(?:\.[0-9]+)?(?:\.gz)?$|^(?:events|watch|audit).*\.db$|status.*\.json$"
)
"""Names that are read wherever they lie."""

PASSED: Final[dict[str, str]] = {
    "records.db": "the payee that a customer approved stands in its consent, to be shown and compared (docs/card-data.md)",
    "-wal": "read with its database",
    "-shm": "an index into the former",
    "-lock": "positions of readers",
}
"""Ends of names of files that are not read, and why."""

_RANDOM: Final = re.compile(
    rb"(?<![0-9A-Za-z])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![0-9A-Za-z])"  # UUIDs (RFC 9562 §4)
    rb"|(?<![0-9A-Za-z])[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(?![0-9A-Za-z])"  # W3C Trace Context §3.2
    rb'|(?<="spanId":")[0-9a-f]{16}(?=")'  # OpenTelemetry
    rb'|(?:(?<="span":")|(?<="parent":")|(?<="parentSpanId":"))[0-9a-f]{16}(?=")'  # events of calls
)
"""Random hexadecimal, of which one in some ten thousand looks like a card."""

_EMPTY: Final = re.compile(rb"\x00{64,}")

_GAP: Final = rb"(?:[ +\x00-]|%20|\\u00[aA]0|\xc2\xa0)?"
_WORTH: Final = re.compile(
    rb"[2-9](?:[0-9]{3}(?:\.[0-9]{4}){2}|(?:" + _GAP + rb"[0-9]){12})"
    rb"|[A-Za-z]{2}[0-9]{2}(?:(?<![0-9A-Za-z]....)|(?<=\\[nrtbf]....)|(?<=u[0-9A-Fa-f]{4}....)|(?<=%[0-9A-Fa-f]{2}....))"
    rb"(?:" + _GAP + rb"[0-9A-Za-z]){11}"
    rb"|[MNO][DTjz][AEIMQUYcgk][0-5w-z]",  # three digits in base64: 001100-001110, ..0011, ....00, 11....
    re.DOTALL,
)
"""What is worth the scanner's time. It would take a minute for all that a session leaves, and this takes a sixth."""
_AROUND: Final = 320
"""Bytes on both sides of that: more than the scanner's longest match."""
_SQLITE: Final = b"SQLite format 3\0"


@dataclass
class Watch:
    """What a session found."""

    base: Path | None = None
    makers: dict[Path, str] = field(default_factory=dict)
    """By directory: the test that asked for it first."""
    exempt: set[Path] = field(default_factory=set)
    """Directories of tests that are exempt."""
    looks_away: bool = False
    """The test that runs now is exempt."""
    found: list[str] = field(default_factory=list)
    files: int = 0
    seconds: float = 0.0

    def read(self) -> None:
        """Read every file of the session, once."""
        if self.base is None:
            return
        for path in watched(self.base):
            if not self.exempt.isdisjoint(path.parents):
                continue
            self.files += 1
            told = {f"{where}: {one.kind} {one.masked}": None for where, one in in_file(path)}
            first = [*told][:3] + ([f"and {len(told) - 3} more"] if len(told) > 3 else [])
            self.found += [f"{self.maker(path)}: {path.relative_to(self.base)}: {line}" for line in first]

    def maker(self, path: Path) -> str:
        """Return the test that a file comes from, as far as known."""
        return next((self.makers[above] for above in path.parents if above in self.makers), "no test known")


def numbers(data: bytes) -> list[Found]:
    """Return what stands in `data`; what is random by its form is none."""
    data = _EMPTY.sub(b"\n", data) if _EMPTY.search(data) else data
    found: list[Found] = []
    begin = end = 0
    for worth in _WORTH.finditer(data):
        if worth.start() - _AROUND > end:
            found += scan(_RANDOM.sub(b"x", data[begin:end]))
            begin = max(0, worth.start() - _AROUND)
        end = worth.end() + _AROUND
    return found + scan(_RANDOM.sub(b"x", data[begin:end]))


def watched(base: Path) -> Iterator[Path]:
    """Yield the files of a session that are read."""
    for path in files_below([base]):
        inside = path.relative_to(base).parts
        ours = bool(KEPT.search(path.name)) or not set(ROOTS).isdisjoint(inside[:-1])
        if ours and not path.name.endswith(tuple(PASSED)) and _size(path) <= LARGEST:
            yield path


def _size(path: Path) -> int:
    with suppress(OSError):
        about = path.stat()
        return about.st_size if stat.S_ISREG(about.st_mode) else LARGEST + 1
    return LARGEST + 1


def in_file(path: Path) -> Iterator[tuple[str, Found]]:
    """Yield where a number stands: in a database in a table's values. What went meanwhile holds nothing."""
    try:
        data = path.read_bytes()
        if data.startswith(_SQLITE):
            yield from _in_database(path)
            return
        if path.suffix == ".gz":
            data = gzip.decompress(data)
    except (OSError, EOFError):
        return
    for one in numbers(data):
        yield "in it", one


def _in_database(path: Path) -> Iterator[tuple[str, Found]]:
    """A file that is no database in spite of its beginning, because a test damaged it, is read by byte."""
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=ro", uri=True)) as connection:
            connection.text_factory = bytes
            for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall():
                table = name.decode()
                quoted = table.replace('"', '""')
                rows = connection.execute(f'SELECT * FROM "{quoted}"')
                while some := rows.fetchmany(1000):
                    values = (
                        value if isinstance(value, bytes) else str(value).encode() for row in some for value in row
                    )
                    for one in numbers(b"\n".join(values)):
                        yield f"table {table}", one
    except sqlite3.Error:
        for one in numbers(path.read_bytes()):
            yield "in it", one


def of_test() -> str:
    """Return the test that runs now, as pytest tells it."""
    return os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" ")[0] or "no test known"
