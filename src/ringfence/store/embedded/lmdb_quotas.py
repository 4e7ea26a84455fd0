"""What was taken of quotas, kept on the disk beside the fast state, which a boot begins anew.

Nobody waits for it: a process that decides nothing copies what has changed, now and then and when it ends. Whoever makes
the marks' file anew puts it back before anybody counts.
"""

import asyncio
from pathlib import Path
from typing import Final

import lmdb

from ringfence.clock import Instant
from ringfence.store.embedded.lmdb_files import open_durable
from ringfence.store.embedded.lmdb_sweep import HAND_START, sweep_ended
from ringfence.store.interface import Unavailable

QUOTAS: Final = b"eq"
"""How rows of quotas begin in the marks: see `store.admitting`."""

MAP_BYTES: Final = 1 << 30
"""Upper bound of the file: some 5 million quotas of clients, customers and networks."""

ROWS_A_STEP: Final = 2000
"""Rows looked at in one read transaction: a longer one would keep the pages that calls free from being used again."""


class KeptQuotas:
    """The copy, in one file. One instance a process and file (LMDB's own rule)."""

    def __init__(self, file: Path) -> None:
        """Open or make the file, mode 0600.  Raises Unavailable."""
        self._env = open_durable(file, MAP_BYTES)
        self._hand = HAND_START

    async def keep(self, marks: lmdb.Environment) -> int:
        """Copy what has changed since the last time, on the disk when it returns; return how many rows.  Raises Unavailable."""
        return await asyncio.to_thread(self._keep, marks)

    def _keep(self, marks: lmdb.Environment) -> int:
        changed: list[tuple[bytes, bytes]] = []
        hand = QUOTAS
        try:
            while hand:
                rows, hand = _step(marks, hand)
                with self._env.begin() as view:
                    changed += [(key, row) for key, row in rows if view.get(key) != row]
            if changed:
                with self._env.begin(write=True) as write:
                    for key, row in changed:
                        write.put(key, row)
        except lmdb.Error as error:
            raise Unavailable(f"quotas, keep: {error}") from error
        return len(changed)

    def restore(self, marks: lmdb.Environment) -> int:
        """Put everything back into marks that are new; return how many rows. What has ended says nothing there.

        Raises:
            Unavailable: it cannot be read or written.
        """
        try:
            with self._env.begin() as view, view.cursor() as cursor, marks.begin(write=True) as write:
                return sum(write.put(key, row) for key, row in cursor)
        except lmdb.Error as error:
            raise Unavailable(f"quotas, restore: {error}") from error

    async def sweep(self, now: Instant) -> int:
        """Remove some rows whose day or month is over; return how many.  Raises Unavailable."""
        try:
            gone, self._hand = await asyncio.to_thread(sweep_ended, self._env, self._hand, now)
        except lmdb.Error as error:
            raise Unavailable(f"quotas, sweep: {error}") from error
        return gone

    def close(self) -> None:
        """Let go of the file."""
        self._env.close()


def _step(marks: lmdb.Environment, hand: bytes) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """Return some rows of quotas from `hand` on, and the next hand; empty at the end."""
    rows: list[tuple[bytes, bytes]] = []
    with marks.begin() as view, view.cursor() as cursor:
        standing = cursor.set_range(hand)
        while standing and cursor.key().startswith(QUOTAS):
            if len(rows) == ROWS_A_STEP:
                return rows, cursor.key()
            rows.append((cursor.key(), cursor.value()))
            standing = cursor.next()
    return rows, b""
