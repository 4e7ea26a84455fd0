"""Fast shared state in LMDB: one read and one write transaction a call, in microseconds, for all workers.

Layout of the marks, one key space told apart by its first byte:
`c` + 16-byte hash of the claimed key → when the claim ends;
`i` + second in which it ends + transaction + place in it → that hash, so that a sweep finds what has ended
without looking at the rest, and so that new entries land side by side;
and the rows of `store.admitting`.
Blocks are a file of their own: block key → its end; name of a measure → its end and amount.
"""

import asyncio
import hashlib
import struct
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TypeVar

import lmdb
import msgspec

from ringfence.clock import Instant
from ringfence.store.admitting import Rows, blemish, charge, release
from ringfence.store.embedded.lmdb_files import DEFAULT_MAP_BYTES, machine_boot, open_files
from ringfence.store.embedded.lmdb_quotas import KeptQuotas
from ringfence.store.embedded.lmdb_sweep import HAND_START, sweep_buckets, sweep_claims, sweep_ended
from ringfence.store.interface import Admission, Admitted, Lease, Unavailable
from ringfence.store.slowing import slowed

T = TypeVar("T")

_instant = struct.Struct("<d")
_measure = struct.Struct("<dd")
_ending = struct.Struct(">IQH")

LAST_SECOND = 2**32 - 1
"""The index counts seconds in 32 bits; what ends after February 2106 is swept then."""

GROWTH_BYTES = 1 << 24
"""Room that a sweep may add to a full map: freeing entries needs pages too, for the copies it writes."""

SWEEP_ROUNDS = 400
"""Transactions of one sweep at most; what is left waits for the next."""

_ADMITTED = Admitted()


class LmdbState:
    """`FastState` in a directory that all workers of one machine share.

    One instance a process and directory (LMDB's own rule); not to be carried over a fork. A call waits for
    other processes' transactions, which take microseconds; a process killed in one leaves nothing behind.
    """

    def __init__(
        self,
        path: Path,
        map_size: int = DEFAULT_MAP_BYTES,
        *,
        boot: Callable[[], str] = machine_boot,
        quotas: Path | None = None,
    ) -> None:
        """Open or create the state in the directory `path`; `map_size` bounds the marks in bytes.

        Args:
            path: a directory.
            map_size: in bytes.
            boot: names the machine's present boot.
            quotas: the file that a new state takes from what was used up of quotas; None: quotas begin anew with it.

        Raises:
            Unavailable: it cannot be opened.
        """
        fill = partial(_take_quotas, quotas) if quotas is not None else lambda _marks: None
        self._blocks, self._marks = open_files(path, map_size, boot, fill)
        self._buckets_hand = HAND_START
        self._rows_hand = HAND_START
        self._blocks_hand = HAND_START

    async def admit(self, asked: Admission, now: Instant) -> Admitted:
        """Decide and record one call.  Raises Unavailable."""
        try:
            if asked.blocks or asked.superseded or asked.step_up or asked.buckets:
                with self._blocks.begin() as view:
                    if (stopped := _stopped(view, asked, now)) is not None:
                        return stopped
                    buckets = slowed(asked.buckets, lambda key: _amount(view, key, now))
                    if buckets is not asked.buckets:
                        asked = msgspec.structs.replace(asked, buckets=buckets)
            counts = asked.buckets or asked.quotas or asked.leases
            if not asked.claims and not counts:
                return _ADMITTED
            return self._record(asked, now)
        except lmdb.Error as error:
            raise Unavailable(f"fast state: {error}") from error

    def _record(self, asked: Admission, now: Instant) -> Admitted:
        with self._writing() as write:  # commits at the end; an error aborts
            for i, (key, expires_at) in enumerate(asked.claims):
                if not _claim(write, key, expires_at, now, i):
                    write.abort()  # a replayed call leaves no trace
                    return Admitted(replayed=i)
            if not (asked.buckets or asked.quotas or asked.leases):
                return _ADMITTED
            answer, updates = charge(asked, _rows(write), now)
            for key, row in updates:
                write.put(key, row)
            if answer.limited >= 0 and not updates and not asked.claims:
                write.abort()  # nothing was written: spare the commit
            return answer

    def _writing(self) -> lmdb.Transaction:
        try:
            return self._marks.begin(write=True)
        except lmdb.MapResizedError:
            self._marks.set_mapsize(0)  # another process made room: take over its size
            return self._marks.begin(write=True)

    async def release(self, leases: Sequence[Lease], until: Instant | None = None) -> None:
        """Give places in flight back, or hold them on until later.  Raises Unavailable."""
        try:
            with self._writing() as write:
                for key, row in release(leases, _rows(write), until):
                    if row is None:
                        write.delete(key)
                    else:
                        write.put(key, row)
        except lmdb.Error as error:
            raise Unavailable(f"fast state, calls in flight: {error}") from error

    async def blemish(self, buckets: Sequence[bytes]) -> None:
        """Halve what histories have earned.  Raises Unavailable."""
        try:
            with self._writing() as write:
                for key, row in blemish(buckets, _rows(write)):
                    write.put(key, row)
        except lmdb.Error as error:
            raise Unavailable(f"fast state, histories: {error}") from error

    async def look(self, asked: Admission, now: Instant) -> Admitted:
        """Return what would be answered.  Raises Unavailable."""
        try:
            with self._marks.begin() as view:
                return charge(asked, _rows(view), now)[0]
        except lmdb.Error as error:
            raise Unavailable(f"fast state: {error}") from error

    async def keep_quotas(self, kept: KeptQuotas) -> int:
        """Copy what was taken of quotas to where it outlives a boot; return how many rows changed.  Raises Unavailable."""
        return await kept.keep(self._marks)

    async def claim(self, key: bytes, expires_at: Instant, now: Instant) -> bool:
        """Claim `key` once until `expires_at`.  Raises Unavailable."""
        return (await self.admit(Admission(claims=((key, expires_at),)), now)).replayed < 0

    async def block(self, keys: Sequence[bytes], expires_at: Instant, now: Instant) -> None:
        """Block `keys`; on the disk when it returns. A later end that stands already is kept.  Raises Unavailable."""
        if expires_at > now:
            await asyncio.to_thread(self._change_blocks, keys, expires_at)

    async def measure(self, keys: Sequence[bytes], amount: float, expires_at: Instant, now: Instant) -> None:
        """Set measures; on the disk when it returns. The later end and the greater amount stand.  Raises Unavailable."""
        if expires_at > now:
            await asyncio.to_thread(self._set_measures, keys, amount, expires_at, now)

    def _set_measures(self, keys: Sequence[bytes], amount: float, expires_at: Instant, now: Instant) -> None:
        try:
            with self._blocks.begin(write=True) as write:
                for key in keys:
                    standing = write.get(key)
                    end, much = _measure.unpack(standing) if standing is not None else (0.0, 0.0)
                    if end <= now:
                        end, much = 0.0, 0.0
                    write.put(key, _measure.pack(max(expires_at, end), max(amount, much)))
        except lmdb.Error as error:
            raise Unavailable(f"fast state, measures: {error}") from error

    async def unblock(self, keys: Sequence[bytes]) -> None:
        """Take blocks and measures back; on the disk when it returns.  Raises Unavailable."""
        await asyncio.to_thread(self._change_blocks, keys, None)

    def _change_blocks(self, keys: Sequence[bytes], expires_at: Instant | None) -> None:
        try:
            with self._blocks.begin(write=True) as write:
                for key in keys:
                    if expires_at is None:
                        write.delete(key)
                        continue
                    standing = write.get(key)
                    if standing is None or _instant.unpack(standing)[0] < expires_at:
                        write.put(key, _instant.pack(expires_at))
        except lmdb.Error as error:
            raise Unavailable(f"fast state, blocks: {error}") from error

    async def sweep(self, now: Instant) -> int:
        """Remove what has expired, in short transactions with other work between them.  Raises Unavailable."""
        removed = 0
        try:
            self._marks.reader_check()
            self._blocks.reader_check()
            for _ in range(SWEEP_ROUNDS):
                gone = self._with_room(lambda: sweep_claims(self._marks, now))
                removed += gone
                if not gone:
                    break
                await asyncio.sleep(0)
            gone, self._buckets_hand = self._with_room(lambda: sweep_buckets(self._marks, self._buckets_hand, now))
            removed += gone
            gone, self._rows_hand = self._with_room(lambda: sweep_ended(self._marks, self._rows_hand, now, b"e"))
            removed += gone
            gone, self._blocks_hand = await asyncio.to_thread(sweep_ended, self._blocks, self._blocks_hand, now)
            return removed + gone
        except lmdb.Error as error:
            raise Unavailable(f"fast state, sweep: {error}") from error

    def _with_room(self, step: Callable[[], T]) -> T:
        try:
            return step()
        except lmdb.MapFullError:
            self._marks.set_mapsize(self._marks.info()["map_size"] + GROWTH_BYTES)
        except lmdb.MapResizedError:
            self._marks.set_mapsize(0)
        return step()

    def close(self) -> None:
        """Let go of the files."""
        self._marks.close()
        self._blocks.close()


def _take_quotas(file: Path, marks: lmdb.Environment) -> None:
    with closing(KeptQuotas(file)) as kept:
        kept.restore(marks)


def _stopped(view: lmdb.Transaction, asked: Admission, now: Instant) -> Admitted | None:
    """Return what refuses a call whatever it would count for; None where nothing does."""
    for i, key in enumerate(asked.blocks):
        until = view.get(key)
        if until is not None and _instant.unpack(until)[0] > now:
            return Admitted(blocked=i)
    for i, key in enumerate(asked.superseded):
        if _amount(view, key, now) > asked.issued_at:
            return Admitted(superseded=i)
    for i, key in enumerate(asked.step_up):
        if (since := _amount(view, key, now)) > asked.proved_at:
            return Admitted(step_up=i, step_up_since=since)
    return None


def _amount(view: lmdb.Transaction, key: bytes, now: Instant) -> float:
    """Return the amount of a measure that stands, else 0."""
    found = view.get(key)
    if found is None:
        return 0.0
    until, amount = _measure.unpack(found)
    return float(amount) if until > now else 0.0


def _rows(transaction: lmdb.Transaction) -> Rows:
    def row(key: bytes) -> bytes | None:
        found = transaction.get(key)
        return None if found is None else bytes(found)

    return row


def _claim(write: lmdb.Transaction, key: bytes, expires_at: Instant, now: Instant, place: int) -> bool:
    digest = hashlib.blake2b(key, digest_size=16).digest()
    name = b"c" + digest
    value = _instant.pack(expires_at)
    if not write.put(name, value, overwrite=False):
        standing = write.get(name)
        if standing is not None and _instant.unpack(standing)[0] > now:
            return False
        write.put(name, value)
    second = min(max(int(expires_at) + 1, 0), LAST_SECOND)
    write.put(b"i" + _ending.pack(second, write.id(), place), digest)
    return True
