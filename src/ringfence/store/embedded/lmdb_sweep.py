"""Remove what has ended from the fast state, in transactions so short that no call waits noticeably.

Claims are found through their index of endings. Buckets and blocks have none, since keeping one would cost
every call: a hand walks over them, some entries a sweep, and starts again at the end.
"""

import struct
from collections.abc import Callable
from typing import Final

import lmdb

from ringfence.clock import Instant

CLOCK_GRACE: Final = 120.0
"""Claims and buckets are kept this long after their end, in seconds: a clock that is set back by no more
than this finds every replay mark still there."""

CLAIMS_A_STEP: Final = 200
"""Claims removed in one transaction: below a millisecond."""

HAND_A_STEP: Final = 2000
"""Buckets or blocks looked at in one sweep: below a millisecond."""

HAND_START: Final = b""

_instant = struct.Struct("<d")
_nanoseconds = struct.Struct("<q")
_second = struct.Struct(">I")


def sweep_claims(marks: lmdb.Environment, now: Instant) -> int:
    """Remove some claims that have ended; return how many index entries went, 0 when none is left."""
    last = now - CLOCK_GRACE
    with marks.begin() as view, view.cursor() as cursor:
        if not _ended(cursor, last):
            return 0
    removed = 0
    with marks.begin(write=True) as write, write.cursor() as cursor:
        while removed < CLAIMS_A_STEP and _ended(cursor, last):
            name = b"c" + cursor.value()
            cursor.delete()
            until = write.get(name)
            # A key that was claimed anew after its first claim had ended has a later index entry of its own.
            if until is not None and _instant.unpack(until)[0] <= last:
                write.delete(name)
            removed += 1
    return removed


def _ended(cursor: "lmdb.Cursor[bytes]", last: float) -> bool:
    return cursor.set_range(b"i") and cursor.key()[:1] == b"i" and _second.unpack(cursor.key()[1:5])[0] <= last


def sweep_buckets(marks: lmdb.Environment, hand: bytes, now: Instant) -> tuple[int, bytes]:
    """Remove buckets that are full again, looking at some from `hand` on; return how many, and the next hand."""
    last = (now - CLOCK_GRACE) * 1e9
    full, hand = _walk(marks, b"b", hand, lambda value: _nanoseconds.unpack(value)[0] <= last)
    if full:
        with marks.begin(write=True) as write:
            for name in full:
                tat = write.get(name)
                if tat is not None and _nanoseconds.unpack(tat)[0] <= last:
                    write.delete(name)
    return len(full), hand


def sweep_ended(env: lmdb.Environment, hand: bytes, now: Instant, prefix: bytes = b"") -> tuple[int, bytes]:
    """Remove rows of `prefix` that begin with an end that is over, looking at some from `hand` on; return how many, and the next hand."""
    last = now - CLOCK_GRACE
    ended, hand = _walk(env, prefix, hand, lambda value: _instant.unpack_from(value)[0] <= last)
    if ended:
        with env.begin(write=True) as write:
            for name in ended:
                row = write.get(name)
                if row is not None and _instant.unpack_from(row)[0] <= last:
                    write.delete(name)
    return len(ended), hand


def _walk(
    env: lmdb.Environment, prefix: bytes, hand: bytes, over: Callable[[bytes], bool]
) -> tuple[list[bytes], bytes]:
    """Return the names whose value is `over`, among some entries of `prefix` from `hand` on, and the next hand."""
    found: list[bytes] = []
    with env.begin() as view, view.cursor() as cursor:
        standing = cursor.set_range(max(hand, prefix)) if max(hand, prefix) else cursor.first()
        for _ in range(HAND_A_STEP):
            if not standing or not cursor.key().startswith(prefix):
                return found, HAND_START
            if over(cursor.value()):
                found.append(cursor.key())
            standing = cursor.next()
        return found, cursor.key() if standing else HAND_START
