"""Encode much state slice by slice, so that whoever encodes it can do something else in between."""

from collections.abc import Generator, Iterable
from itertools import islice
from typing import Any, Final, TypeVar

import msgspec

SLICE: Final = 1_000
"""Things encoded at once; some milliseconds of work."""

T = TypeVar("T")
Encoding = Generator[None, None, T]
"""Gives way after each slice, and returns what it made. What it encodes must not change until then."""


def sliced(things: Iterable[Any], size: int = SLICE) -> Encoding[list[bytes]]:
    """Encode things, so many at once."""
    left, slices = iter(things), list[bytes]()
    while some := list(islice(left, size)):
        slices.append(msgspec.msgpack.encode(some))
        yield
    return slices


def joined(saved: Iterable[Any]) -> list[Any]:
    """Return the things of slices; of a snapshot from before there were slices, what is there."""
    return [thing for one in saved for thing in (msgspec.msgpack.decode(one) if isinstance(one, bytes) else (one,))]


def whole(encoding: Encoding[T]) -> T:
    """Encode all at once."""
    while True:
        try:
            next(encoding)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
