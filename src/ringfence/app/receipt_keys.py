"""Keys of decision receipts: made a day ahead, committed to in the log, and only then given to the gateway."""

import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from ringfence.app.key_file import ensure_key
from ringfence.audit.receipt import KEY_BYTES, ReceiptKey, key_name
from ringfence.clock import Clock, Instant, Seconds, monotonic_seconds
from ringfence.events.audit import ReceiptKeyMade
from ringfence.ids import Random
from ringfence.store.interface import Unavailable

DAY: Final[Seconds] = 86_400.0
LOOK_AGAIN_AFTER: Final[Seconds] = 1.0
SUFFIX: Final = ".key"
HIDDEN: Final = ".committing"

Committed = Callable[[ReceiptKeyMade], Awaitable[None]]
"""Returns when an event is in the log under a signed checkpoint."""


async def provide(directory: Path, committed: Committed, random: Random, clock: Clock) -> list[str]:
    """Make the keys of today and tomorrow where they are missing; return the names of those that were made.

    A key is written under a name that the gateway does not look at, its hash is committed to, and only then
    it gets its own name: the gateway never uses a key that the log does not know.

    Raises:
        Unavailable: the directory cannot be written, or the commitment cannot be made now.
    """
    made = []
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)  # noqa: ASYNC240 - at the start, and every five minutes
        for ahead in (0.0, DAY):
            now = clock()
            name = key_name(Instant(now + ahead))
            path = directory / (name + SUFFIX)
            if not path.exists():
                hidden = directory / (name + HIDDEN)
                key = ReceiptKey(name, ensure_key(hidden, KEY_BYTES, random))
                await committed(ReceiptKeyMade(now, name, key.commitment))
                hidden.rename(path)
                made.append(name)
    except OSError as error:
        raise Unavailable(f"receipt keys: {error}") from error
    return made


class FileReceipts:
    """The keys as a gateway worker sees them; satisfies `gateway.ports.Receipts`."""

    def __init__(self, directory: Path) -> None:
        """Read nothing yet."""
        self._directory = directory
        self._known: ReceiptKey | None = None
        self._looked = -LOOK_AGAIN_AFTER

    def key(self, now: Instant) -> ReceiptKey:
        """Return today's key; yesterday's, while today's is not there.

        Raises:
            Unavailable: there is neither.
        """
        names = (key_name(now), key_name(Instant(now - DAY)))
        known = self._known
        if known is not None and known.name == names[0]:
            return known
        if monotonic_seconds() - self._looked >= LOOK_AGAIN_AFTER:
            self._looked = monotonic_seconds()
            known = self._known = next((key for name in names if (key := read_key(self._directory, name))), None)
        if known is None or known.name not in names:
            raise Unavailable("there is no receipt key that the audit log knows")
        return known


def read_key(directory: Path, name: str) -> ReceiptKey | None:
    """Return a key that has been committed to, or None."""
    path = directory / (name + SUFFIX)
    if os.sep in name:
        return None
    try:
        secret = path.read_bytes()
    except OSError:
        return None
    return ReceiptKey(name, secret) if len(secret) == KEY_BYTES else None
