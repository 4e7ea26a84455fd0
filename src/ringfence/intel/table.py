"""Which feeds name a network: disjoint sorted ranges, found by bisection in about two microseconds.

Written once by the process that reads the feeds and loaded whole by every other: the arrays lie in the file as
they lie in memory.
"""

import hashlib
import sys
from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Literal

import msgspec

from ringfence.clock import Instant
from ringfence.intel.indicator import Indicator, address

Action = Literal["tag", "step-up", "refuse"]

MAGIC: Final = b"ringfence-intelligence-1\n"
DIGEST_BYTES: Final = 32
V6_BYTES: Final = 16
STRONGEST: Final[dict[Action, int]] = {"tag": 0, "step-up": 1, "refuse": 2}
NEVER: Final = 0xFFFF_FFFF
"""Seconds since 1970 that fill 32 bits: in the year 2106."""
ALLOWED: Final = -1
"""Stands among the feeds of a range that no feed may name."""
MOST_REMEMBERED: Final = 65_536
"""Addresses whose answer is kept; beyond it all are forgotten, which costs two microseconds each."""


BEGINNING: Final = Instant(0.0)


class Listing(msgspec.Struct, frozen=True, gc=False):
    """What is said about a caller."""

    feeds: tuple[str, ...] = ()
    action: Action = "tag"
    """The strongest that one of the feeds asks for."""


UNLISTED: Final = Listing()


class FeedSet(msgspec.Struct, frozen=True):
    """A feed in force."""

    name: str
    action: Action
    indicators: tuple[Indicator, ...] = ()
    agents: tuple[str, ...] = ()


class _Header(msgspec.Struct):
    feeds: list[tuple[str, Action]]
    sets: list[tuple[int, ...]]
    agents: list[tuple[str, int]]
    sizes: tuple[int, int]
    """Ranges of IPv4 and of IPv6."""
    order: str
    """Of octets in the arrays: a file is for the machine that wrote it."""


class Unusable(ValueError):
    """The file holds no table; the message says why."""


class Table:
    """All feeds as one, frozen."""

    def __init__(self, header: _Header, body: memoryview) -> None:
        """Take the arrays out of `body`."""
        self._agents = tuple((pattern, header.feeds[index][0]) for pattern, index in header.agents)
        self._listings = [_listing(header.feeds, indexes) for indexes in header.sets]
        v4, v6 = header.sizes
        self._first, self._last = array("I"), array("I")
        self._set, self._ends = array("H"), array("I")
        at = 0
        for column in (self._first, self._last, self._set, self._ends):
            size = column.itemsize * v4
            column.frombytes(body[at : at + size])
            at += size
        self._first6, self._last6 = _numbers(body, at, v6), _numbers(body, at + V6_BYTES * v6, v6)
        at += 2 * V6_BYTES * v6
        self._set6, self._ends6 = array("H"), array("I")
        for column in (self._set6, self._ends6):
            size = column.itemsize * v6
            column.frombytes(body[at : at + size])
            at += size
        self._remembered: dict[str, tuple[Listing, int]] = {}

    @property
    def agents(self) -> tuple[tuple[str, str], ...]:
        """Patterns of user agents, each with its feed."""
        return self._agents

    @property
    def ranges(self) -> int:
        """How many ranges of addresses there are."""
        return len(self._first) + len(self._first6)

    def of(self, text: str, now: Instant) -> Listing:
        """Return what is said about an address; about what is no address, nothing."""
        known = self._remembered.get(text)
        if known is None:
            known = self._found(text)
            if len(self._remembered) >= MOST_REMEMBERED:
                self._remembered.clear()
            self._remembered[text] = known
        listing, ends = known
        return listing if now < ends or ends == NEVER else UNLISTED

    def _found(self, text: str) -> tuple[Listing, int]:
        try:
            version, number = address(text)
        except ValueError:
            return UNLISTED, NEVER
        if version == 4:  # noqa: PLR2004 - the version
            at = bisect_right(self._first, number) - 1
            if at >= 0 and number <= self._last[at]:
                return self._listings[self._set[at]], self._ends[at]
        else:
            at = bisect_right(self._first6, number) - 1
            if at >= 0 and number <= self._last6[at]:
                return self._listings[self._set6[at]], self._ends6[at]
        return UNLISTED, NEVER


def _numbers(body: memoryview, at: int, count: int) -> list[int]:
    return [int.from_bytes(body[at + V6_BYTES * i : at + V6_BYTES * (i + 1)]) for i in range(count)]


def _listing(feeds: Sequence[tuple[str, Action]], indexes: Sequence[int]) -> Listing:
    chosen = [feeds[index] for index in indexes]
    return Listing(
        tuple(sorted(name for name, _ in chosen)), max((action for _, action in chosen), key=STRONGEST.__getitem__)
    )


def load(data: bytes) -> Table:
    """Return the table that `join` wrote.  Raises Unusable."""
    body = memoryview(data)
    start = len(MAGIC) + DIGEST_BYTES
    if bytes(body[: len(MAGIC)]) != MAGIC:
        raise Unusable("it is no table of this version")
    if hashlib.sha256(body[start:]).digest() != bytes(body[len(MAGIC) : start]):
        raise Unusable("it is damaged")
    size = int.from_bytes(body[start : start + 4])
    header = msgspec.json.decode(body[start + 4 : start + 4 + size], type=_Header)
    if header.order != sys.byteorder:
        raise Unusable("it was written on a machine of another kind")
    return Table(header, body[start + 4 + size :])


def join(feeds: Sequence[FeedSet], allow: Iterable[tuple[int, int, int]] = (), now: Instant = BEGINNING) -> bytes:
    """Return all feeds as one table.

    Args:
        feeds: in force.
        allow: version, first and last address of what no feed may name, whatever it says.
        now: what has expired is left out.
    """
    allowed = list(allow)
    sets: dict[tuple[int, ...], int] = {}
    columns: list[bytes] = []
    sizes = []
    for version in (4, 6):
        marks = _marks(feeds, allowed, version, now)
        joined = list(_joined(_segments(marks, sets)))
        sizes.append(len(joined))
        for column in (0, 1):
            if version == 4:  # noqa: PLR2004 - the version
                columns.append(array("I", [row[column] for row in joined]).tobytes())
            else:
                columns.append(b"".join(row[column].to_bytes(V6_BYTES) for row in joined))
        columns.append(array("H", [row[2] for row in joined]).tobytes())
        columns.append(array("I", [row[3] for row in joined]).tobytes())
    header = msgspec.json.encode(
        _Header(
            [(feed.name, feed.action) for feed in feeds],
            list(sets),
            [(pattern, index) for index, feed in enumerate(feeds) for pattern in feed.agents],
            (sizes[0], sizes[1]),
            sys.byteorder,
        )
    )
    body = len(header).to_bytes(4) + header + b"".join(columns)
    return MAGIC + hashlib.sha256(body).digest() + body


Mark = tuple[int, int, int, int]
"""An address, +1 where a range begins and -1 after its end, its feed, when it expires."""


def _marks(feeds: Sequence[FeedSet], allow: Sequence[tuple[int, int, int]], version: int, now: Instant) -> list[Mark]:
    marks: list[Mark] = []
    for index, feed in enumerate(feeds):
        for indicator in feed.indicators:
            if indicator.version != version or (indicator.expires_at and indicator.expires_at <= now):
                continue
            ends = min(int(indicator.expires_at), NEVER - 1) if indicator.expires_at else NEVER
            marks.append((indicator.first, 1, index, ends))
            marks.append((indicator.last + 1, -1, index, ends))
    for kind, first, last in allow:
        if kind == version:
            marks += [(first, 1, ALLOWED, NEVER), (last + 1, -1, ALLOWED, NEVER)]
    marks.sort()
    return marks


def _segments(marks: Sequence[Mark], sets: dict[tuple[int, ...], int]) -> Iterator[tuple[int, int, int, int]]:
    """Yield first, last, set and end of each stretch between two marks that some feed names and none allows."""
    active: dict[int, Counter[int]] = {}
    previous = 0
    for at, step, feed, ends in marks:
        if at > previous and active and ALLOWED not in active:
            indexes = tuple(sorted(active))
            number = sets.setdefault(indexes, len(sets))
            yield previous, at - 1, number, max(max(counter) for counter in active.values())
        previous = at
        counter = active.setdefault(feed, Counter())
        counter[ends] += step
        if not counter[ends]:
            del counter[ends]
            if not counter:
                del active[feed]


def _joined(segments: Iterable[tuple[int, int, int, int]]) -> Iterator[tuple[int, int, int, int]]:
    """Join neighbours that say the same."""
    held: tuple[int, int, int, int] | None = None
    for segment in segments:
        if held is not None and held[1] + 1 == segment[0] and held[2:] == segment[2:]:
            held = (held[0], segment[1], held[2], held[3])
            continue
        if held is not None:
            yield held
        held = segment
    if held is not None:
        yield held
