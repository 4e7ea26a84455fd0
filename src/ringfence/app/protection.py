"""A gateway worker's keys of fields: the signer that unwraps them, the records that know them, the uses that are told.  PCI DSS §3.7.4."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import structlog

from ringfence.clock import Clock, Seconds
from ringfence.custody.client import SignerClient
from ringfence.events import Event
from ringfence.ids import Random
from ringfence.policy.load import LoadedPolicy
from ringfence.policy.protection_model import Protection
from ringfence.protect.keyring import Keyring, Rotation
from ringfence.protect.protector import Protector
from ringfence.protect.uses import Uses
from ringfence.protect.vault import Vault
from ringfence.store.interface import Records, Unavailable

_log = structlog.get_logger("ringfence.gateway")

TELL_EVERY: Final[Seconds] = 10.0
"""How often uses of keys are put on record."""

LOOK_EVERY: Final[Seconds] = 1.0
"""How often a worker looks whether data keys were shredded."""

DAY: Final[Seconds] = 86_400.0


class Fields:
    """What protects fields in one worker, with the records behind it, opened when they are first needed."""

    def __init__(
        self,
        opened: Callable[[], Awaitable[Records]],
        custody: SignerClient,
        clock: Clock,
        random: Random,
        emit: Callable[[Event], None],
    ) -> None:
        """Hold no key yet."""
        self._uses = Uses()
        self._opened = opened
        self._records: Records | None = None
        self._lock = asyncio.Lock()
        self._clock = clock
        self._emit = emit
        self._keyring = Keyring(self.records, custody, clock, self._uses, rotation_of(Protection()))
        vault = Vault(self.records, self._keyring, clock, random)
        self.protector = Protector(self._keyring, vault, random, clock, emit)

    def follow(self, loaded: LoadedPolicy) -> None:
        """Keep to a policy from now on; keys that are held are let go of."""
        self._keyring.rotation = rotation_of(loaded.policy.protection)
        self._keyring.forget()

    async def records(self) -> Records:
        """Return the records.  Raises Unavailable; then the next call tries again."""
        async with self._lock:
            if self._records is None:
                self._records = await self._opened()
            return self._records

    async def tell(self) -> None:
        """Put uses of keys on record, now and again, and let go of keys that were held for long enough."""
        while True:
            await asyncio.sleep(TELL_EVERY)
            self._tell()
            self._keyring.sweep()

    async def follow_shreddings(self, path: Path, every: Seconds = LOOK_EVERY) -> None:
        """Let go of every key when another shredding stands in the file; what is left is unwrapped anew."""
        last = await asyncio.to_thread(_last, path)
        while True:
            await asyncio.sleep(every)
            now = await asyncio.to_thread(_last, path)
            if now != last:
                last = now
                self._keyring.forget()

    async def close(self) -> None:
        """Tell the last uses, and let go of keys and records."""
        self._tell()
        self._keyring.forget()
        if self._records is not None:
            await self._records.close()

    def _tell(self) -> None:
        try:
            self._uses.tell(self._emit, self._clock())
        except Unavailable as why:
            _log.error("uses of fields' keys not put on record yet", why=str(why))


def _last(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as why:
        _log.error("whether keys were shredded is not known", why=str(why))
        return b"unknown"


def rotation_of(said: Protection) -> Rotation:
    """Return what a policy says of keys, in seconds."""
    return Rotation(said.key_cache_seconds, said.key_cache_fields, said.rotate_days * DAY, said.rotate_uses)


def any_protected(loaded: LoadedPolicy) -> bool:
    """Say whether some operation needs the key of a field, or of answers that are kept."""
    return any(operation.keyed or operation.keeps_sealed for operation in loaded.table.operations)
