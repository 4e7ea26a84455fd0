"""Feeds of lines: plain lists and CSV.  RFC 4180."""

import csv
import io
from collections.abc import Iterable
from typing import Final

import msgspec

from ringfence.clock import Instant
from ringfence.intel.indicator import MOST_CONFIDENT, Indicator, Malformed, NotBelieved, Reading, few_enough, network

LONGEST_LINE: Final = 4096
COMMENTS: Final = ("#", ";", "//")


class Columns(msgspec.Struct, frozen=True):
    """Where a CSV file has what, by the names in its first line."""

    network: str
    confidence: str = ""
    """Empty: the feed's own confidence."""
    delimiter: str = ","


def lines_of(document: bytes) -> list[str]:
    """Return the lines of a text.  Raises Malformed."""
    try:
        text = document.decode("utf-8-sig")
    except UnicodeDecodeError as why:
        line = document[: why.start].count(b"\n") + 1
        raise Malformed(f"line {line}: it is not UTF-8 text") from None
    return text.splitlines()


def read_networks(document: bytes, confidence: int, expires_at: Instant) -> Reading:
    """Return the networks of a list: one a line, whatever follows a blank or tab is a remark.  Raises Malformed."""
    entries = (
        (number, line.split(maxsplit=1)[0], confidence)
        for number, line in enumerate(lines_of(document), 1)
        if line.strip() and not line.lstrip().startswith(COMMENTS)
    )
    return gathered(entries, expires_at, "line")


def read_csv(document: bytes, columns: Columns, confidence: int, expires_at: Instant) -> Reading:
    """Return the networks of a column.  Raises Malformed: no such column, or a line that is no CSV."""
    text = "\n".join(line for line in lines_of(document) if not line.startswith("#"))
    rows = csv.DictReader(io.StringIO(text), delimiter=columns.delimiter, strict=True, restval="")
    try:
        names = rows.fieldnames or ()
        for name in filter(None, (columns.network, columns.confidence)):
            if name not in names:
                raise Malformed(f"line 1: there is no column `{name}`; there are {', '.join(names) or 'none'}")
        entries = [
            (rows.line_num, row[columns.network].strip(), _confidence(row.get(columns.confidence), confidence))
            for row in rows
        ]
    except csv.Error as why:
        raise Malformed(f"line {rows.line_num}: {why}") from None
    return gathered(entries, expires_at, "line")


def _confidence(written: str | None, otherwise: int) -> int:
    text = (written or "").strip()
    return min(int(text), MOST_CONFIDENT) if text.isdecimal() and len(text) < len("1000000") else otherwise


def read_agents(document: bytes) -> Reading:
    """Return the patterns of a list of user agents, one a line.  Raises Malformed."""
    lines = (line.strip() for line in lines_of(document))
    return Reading(agents=tuple(dict.fromkeys(line for line in lines if line and not line.startswith("#"))))


class _Crawler(msgspec.Struct):
    pattern: str


def read_crawlers(document: bytes) -> Reading:
    """Return the patterns of a JSON array of objects with `pattern`.  Raises Malformed."""
    try:
        found = msgspec.json.decode(document, type=list[_Crawler])
    except (msgspec.DecodeError, UnicodeDecodeError) as why:
        raise Malformed(str(why)) from None
    return Reading(agents=tuple(dict.fromkeys(entry.pattern for entry in found)))


def gathered(entries: Iterable[tuple[int, str, int]], expires_at: Instant, called: str) -> Reading:
    """Return entries of number, network and confidence as a reading.

    Raises:
        Malformed: more than one in a hundred is no network: this is not the document that it is taken for.
    """
    indicators: list[Indicator] = []
    mistakes: list[str] = []
    skipped = 0
    for number, text, confidence in entries:
        try:
            version, first, last = network(text)
        except NotBelieved as why:
            skipped += 1
            if "no address" in str(why):
                mistakes.append(f"{called} {number}: {text[:60]!r}: {why}")
            continue
        indicators.append(Indicator(version, first, last, confidence, expires_at))
    if not few_enough(len(mistakes), len(indicators) + skipped):
        raise Malformed(mistakes[0])
    return Reading(tuple(indicators), (), skipped, mistakes[0] if mistakes else "")
