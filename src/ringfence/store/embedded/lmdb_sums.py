"""Sums in LMDB, for all workers of a machine: compare and add in one write transaction, on the disk when it is answered.

A row: when it expires, then for each slot in order its number and its sum (16 bytes, so that no amount overflows).
"""

import asyncio
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import lmdb

from ringfence.clock import Instant
from ringfence.store.embedded.lmdb_files import open_durable
from ringfence.store.embedded.lmdb_sweep import HAND_START, sweep_ended
from ringfence.store.interface import Unavailable
from ringfence.store.sums import Charge, Charged

MAP_BYTES: Final = 1 << 32
"""Upper bound of the file: some 30 million accounts a day; the file itself grows only as it is used."""

_expires = struct.Struct("<d")
_slot = struct.Struct("<q16s")
_SUM_BYTES: Final = 16


class LmdbSums:
    """`Sums` in one file. One instance a process and file (LMDB's own rule)."""

    def __init__(self, file: Path) -> None:
        """Open or make the file, mode 0600.  Raises Unavailable."""
        self._env = open_durable(file, MAP_BYTES)
        self._hand = HAND_START

    async def add(self, charges: Sequence[Charge]) -> Charged:
        """Add all charges or none.  Raises Unavailable."""
        return await asyncio.to_thread(self._add, charges)

    async def take_back(self, charges: Sequence[Charge]) -> None:
        """Take out what was added.  Raises Unavailable."""
        await asyncio.to_thread(self._take_back, charges)

    async def sweep(self, now: Instant) -> int:
        """Remove some expired rows.  Raises Unavailable."""
        try:
            gone, self._hand = await asyncio.to_thread(sweep_ended, self._env, self._hand, now)
        except lmdb.Error as error:
            raise Unavailable(f"sums, sweep: {error}") from error
        return gone

    def _add(self, charges: Sequence[Charge]) -> Charged:
        over: list[int] = []
        try:
            with self._env.begin(write=True) as write:
                for i, charge in enumerate(charges):
                    expires_at, slots = _read(write.get(charge.key))
                    standing = {slot: amount for slot, amount in slots.items() if slot >= charge.since}
                    total = sum(standing.values()) + charge.amount
                    if total > charge.most:
                        if charge.binding:
                            write.abort()
                            return Charged(refused=i, frees=_frees(standing, total - charge.most))
                        over.append(i)
                        continue
                    slot = max(charge.slot, *standing) if standing else charge.slot  # who comes late counts as the last
                    standing[slot] = standing.get(slot, 0) + charge.amount
                    write.put(charge.key, _row(max(expires_at, charge.expires_at), standing))
        except lmdb.Error as error:
            raise Unavailable(f"sums: {error}") from error
        return Charged(over=tuple(over))

    def _take_back(self, charges: Sequence[Charge]) -> None:
        try:
            with self._env.begin(write=True) as write:
                for charge in charges:
                    expires_at, slots = _read(write.get(charge.key))
                    slot = charge.slot if charge.slot in slots else max(slots, default=charge.slot)
                    if slot in slots:
                        slots[slot] = max(0, slots[slot] - charge.amount)
                        write.put(charge.key, _row(expires_at, slots))
        except lmdb.Error as error:
            raise Unavailable(f"sums: {error}") from error

    def close(self) -> None:
        """Let go of the file."""
        self._env.close()


def _read(row: bytes | None) -> tuple[float, dict[int, int]]:
    if row is None:
        return 0.0, {}
    slots = {slot: int.from_bytes(amount, "little") for slot, amount in _slot.iter_unpack(row[_expires.size :])}
    return _expires.unpack_from(row)[0], slots


def _row(expires_at: float, slots: dict[int, int]) -> bytes:
    parts = [_slot.pack(slot, slots[slot].to_bytes(_SUM_BYTES, "little")) for slot in sorted(slots) if slots[slot]]
    return b"".join([_expires.pack(expires_at), *parts])


def _frees(slots: dict[int, int], excess: int) -> int:
    """Return the slot after which enough has fallen out, oldest first; -1 where all of them are not enough."""
    for slot in sorted(slots):
        excess -= slots[slot]
        if excess <= 0:
            return slot
    return -1
