"""Clients' public keys in LMDB: written where clients are changed, read by every gateway worker at each signed call.

One row a client, `id` → JSON. A reader sees what was committed last, so a key that was taken away, or a client that
was stopped, counts from the next call on, without polling and without a message to any worker.
"""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import lmdb

from ringfence.store.embedded.lmdb_files import MAX_READERS
from ringfence.store.interface import Unavailable

MAP_BYTES: Final = 1 << 30
"""Upper bound of the file: a million clients with two EC keys each; the file itself grows only as it is used."""

LONGEST_KEY: Final = 480
"""LMDB takes keys of 511 octets."""


class LmdbClientKeys:
    """The rows. One instance a process and file (LMDB's own rule)."""

    def __init__(self, file: Path) -> None:
        """Open or make the file, mode 0600.  Raises Unavailable."""
        try:
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._env = lmdb.open(
                str(file), map_size=MAP_BYTES, subdir=False, mode=0o600, readahead=False, max_readers=MAX_READERS
            )
            self._env.reader_check()  # slots of readers that were killed
        except (lmdb.Error, OSError) as error:
            raise Unavailable(f"client keys in {file}: {error}") from error

    def get(self, client_id: str) -> bytes | None:
        """Return a client's row, or None.  Raises Unavailable."""
        key = _key(client_id)
        if len(key) > LONGEST_KEY:
            return None
        try:
            with self._env.begin() as view:
                found = view.get(key)
                return None if found is None else bytes(found)
        except lmdb.Error as error:
            raise Unavailable(f"client keys: {error}") from error

    async def put(self, client_id: str, row: bytes | None) -> None:
        """Set a client's row, or take it away (None); on the disk when it returns.  Raises Unavailable."""
        await asyncio.to_thread(self._change, {client_id: row}, whole=False)

    async def replace(self, rows: Mapping[str, bytes]) -> None:
        """Make the rows exactly these, in one transaction that writes only what differs.  Raises Unavailable."""
        await asyncio.to_thread(self._change, rows, whole=True)

    def _change(self, rows: Mapping[str, bytes | None], *, whole: bool) -> None:
        wanted = {key: row for client_id, row in rows.items() if len(key := _key(client_id)) <= LONGEST_KEY}
        try:
            with self._env.begin(write=True) as write:
                if whole:
                    with write.cursor() as cursor:
                        gone = [key for key in cursor.iternext(values=False) if key not in wanted]
                    for key in gone:
                        write.delete(key)
                for key, row in wanted.items():
                    if row is None:
                        write.delete(key)
                    elif write.get(key) != row:
                        write.put(key, row)
        except lmdb.Error as error:
            raise Unavailable(f"client keys: {error}") from error

    def close(self) -> None:
        """Let go of the file."""
        self._env.close()


def _key(client_id: str) -> bytes:
    return b"client:" + client_id.encode("utf-8", "surrogatepass")
