"""Known payees in LMDB, for all workers of a machine: the first payment is noted once, whoever comes at the same time.

A row: when it counts no more, and when the first payment succeeded. Its key is an HMAC of customer and account: whoever
has the file without the key cannot try account numbers against it.
"""

import asyncio
import hmac
import struct
from pathlib import Path
from typing import Final

import lmdb
import msgspec

from ringfence.clock import Instant
from ringfence.store.embedded.lmdb_files import open_durable
from ringfence.store.embedded.lmdb_sweep import HAND_START, sweep_ended
from ringfence.store.interface import Unavailable

MAP_BYTES: Final = 1 << 32
"""Upper bound of the file: some 40 million payees; the file itself grows only as it is used."""

KEY_BYTES: Final = 32

FRESH_SECONDS: Final = 86_400.0
"""An end that would move on by less than this is left: most payments to a known payee write nothing."""

_row = struct.Struct("<dd")


class LmdbPayees:
    """`Payees` in one file. One instance a process and file (LMDB's own rule)."""

    def __init__(self, file: Path, key: bytes) -> None:
        """Open or make the file, mode 0600.  Raises Unavailable."""
        self._env = open_durable(file, MAP_BYTES)
        self._key = key
        self._hand = HAND_START

    def since(self, payer: str, account: str, now: Instant) -> Instant | None:
        """Return when the first payment succeeded.  Raises Unavailable."""
        standing = self._standing(self._name(payer, account))
        return standing[1] if standing is not None and standing[0] > now else None

    async def paid(self, payer: str, account: str, now: Instant, expires_at: Instant) -> None:
        """Note a payment.  Raises Unavailable."""
        name = self._name(payer, account)
        if not self._fresh(name, now, expires_at):
            await asyncio.to_thread(self._paid, name, now, expires_at)

    def _fresh(self, name: bytes, now: Instant, expires_at: Instant) -> bool:
        """Say whether what stands need not be written again."""
        standing = self._standing(name)
        return standing is not None and standing[1] <= now < standing[0] and expires_at - standing[0] < FRESH_SECONDS

    def _standing(self, name: bytes) -> tuple[Instant, Instant] | None:
        try:
            with self._env.begin() as view:
                return _read(view.get(name))
        except lmdb.Error as error:
            raise Unavailable(f"payees: {error}") from error

    def _paid(self, name: bytes, now: Instant, expires_at: Instant) -> None:
        try:
            with self._env.begin(write=True) as write:
                standing = _read(write.get(name))
                first = now if standing is None or standing[0] <= now else min(now, standing[1])
                last = expires_at if standing is None or standing[0] <= now else max(expires_at, standing[0])
                write.put(name, _row.pack(last, first))
        except lmdb.Error as error:
            raise Unavailable(f"payees: {error}") from error

    async def sweep(self, now: Instant) -> int:
        """Remove some payees that count no more.  Raises Unavailable."""
        try:
            gone, self._hand = await asyncio.to_thread(sweep_ended, self._env, self._hand, now)
        except lmdb.Error as error:
            raise Unavailable(f"payees, sweep: {error}") from error
        return gone

    def close(self) -> None:
        """Let go of the file."""
        self._env.close()

    def _name(self, payer: str, account: str) -> bytes:
        return hmac.digest(self._key, msgspec.json.encode([payer, account]), "sha256")


def _read(row: bytes | memoryview | None) -> tuple[Instant, Instant] | None:
    if row is None:
        return None
    last, first = _row.unpack_from(row)
    return Instant(last), Instant(first)
