"""Idempotency keys in LMDB, for all workers of a machine: claimed by compare-and-set, on the disk before the call goes out.

A row: when it expires, then the entry as MessagePack. Answers stand in it as they were given: the file is its owner's alone.
"""

import asyncio
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

import lmdb
import msgspec

from ringfence.clock import Instant
from ringfence.store.embedded.lmdb_files import open_durable
from ringfence.store.embedded.lmdb_sweep import HAND_START, sweep_ended
from ringfence.store.idempotency import Answer, Entry, Standing
from ringfence.store.interface import Unavailable

MAP_BYTES: Final = 1 << 32
"""Upper bound of the file: two million answers of 2 KB a day; the file itself grows only as it is used."""

_expires = struct.Struct("<d")
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Entry)

T = TypeVar("T")


class LmdbIdempotencyKeys:
    """`IdempotencyKeys` in one file. One instance a process and file (LMDB's own rule)."""

    def __init__(self, file: Path, map_bytes: int = MAP_BYTES) -> None:
        """Open or make the file, mode 0600.  Raises Unavailable."""
        self._env = open_durable(file, map_bytes)
        self._hand = HAND_START

    async def claim(self, key: bytes, entry: Entry, now: Instant) -> Entry | None:
        """Claim a key, or return what stands under it.  Raises Unavailable."""

        def work(write: lmdb.Transaction) -> Entry | None:
            standing = _read(write.get(key))
            if standing is not None and standing.expires_at > now:
                return standing
            write.put(key, _row(entry))
            return None

        return await self._written(work)

    async def settle(self, key: bytes, owner: str, standing: Standing, answer: Answer | None = None) -> bool:
        """Say what came of a call.  Raises Unavailable."""

        def work(write: lmdb.Transaction) -> bool:
            entry = _held(write.get(key), owner)
            if entry is None:
                return False
            return write.put(key, _row(msgspec.structs.replace(entry, standing=standing, answer=answer)))

        return await self._written(work)

    async def release(self, key: bytes, owner: str) -> bool:
        """Let a key be claimed again.  Raises Unavailable."""
        return await self._written(lambda write: _held(write.get(key), owner) is not None and write.delete(key))

    async def sweep(self, now: Instant) -> int:
        """Remove some expired keys.  Raises Unavailable."""
        try:
            gone, self._hand = await asyncio.to_thread(sweep_ended, self._env, self._hand, now)
        except lmdb.Error as error:
            raise Unavailable(f"idempotency keys, sweep: {error}") from error
        return gone

    async def _written(self, work: Callable[[lmdb.Transaction], T]) -> T:
        return await asyncio.to_thread(self._write, work)

    def _write(self, work: Callable[[lmdb.Transaction], T]) -> T:
        try:
            with self._env.begin(write=True) as write:
                return work(write)
        except lmdb.Error as error:
            raise Unavailable(f"idempotency keys: {error}") from error

    def close(self) -> None:
        """Let go of the file."""
        self._env.close()


def _read(row: bytes | memoryview | None) -> Entry | None:
    return None if row is None else _decoder.decode(row[_expires.size :])


def _row(entry: Entry) -> bytes:
    return _expires.pack(entry.expires_at) + _encoder.encode(entry)


def _held(row: bytes | memoryview | None, owner: str) -> Entry | None:
    entry = _read(row)
    return entry if entry is not None and entry.owner == owner and entry.standing is Standing.UNDER_WAY else None
