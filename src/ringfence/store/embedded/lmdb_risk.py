"""The risk of users, clients, grants, networks and names in LMDB: written by the watch, read at every call and login.

A file of its own, so that whoever raises many alerts cannot fill the one that revocations stand in.
"""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import lmdb

from ringfence.store.embedded.lmdb_files import open_durable
from ringfence.store.interface import Unavailable

MAP_BYTES: Final = 1 << 28
"""Upper bound of the file: half a million rows; the watch keeps fewer."""


class LmdbRisk:
    """`RiskRows`. One instance a process and file (LMDB's own rule)."""

    def __init__(self, file: Path) -> None:
        """Open or make the file, mode 0600.  Raises Unavailable."""
        self._env = open_durable(file, MAP_BYTES)

    def get(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """Return the rows of some keys in one transaction.  Raises Unavailable."""
        try:
            with self._env.begin() as view:
                return [None if (row := view.get(key)) is None else bytes(row) for key in keys]
        except lmdb.Error as error:
            raise Unavailable(f"risk: {error}") from error

    async def put(self, rows: Mapping[bytes, bytes | None], *, whole: bool = False) -> None:
        """Set rows, or take them away, in one transaction; on the disk when it returns.  Raises Unavailable."""
        await asyncio.to_thread(self._put, rows, whole=whole)

    def _put(self, rows: Mapping[bytes, bytes | None], *, whole: bool) -> None:
        try:
            with self._env.begin(write=True) as write:
                if whole:
                    with write.cursor() as cursor:
                        gone = [key for key in cursor.iternext(values=False) if key not in rows]
                    for key in gone:
                        write.delete(key)
                for key, row in rows.items():
                    if row is None:
                        write.delete(key)
                    else:
                        write.put(key, row)
        except lmdb.Error as error:
            raise Unavailable(f"risk: {error}") from error

    def close(self) -> None:
        """Let go of the file."""
        self._env.close()
