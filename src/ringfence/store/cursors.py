"""How far each sink for events has got: one small file a sink, replaced whole, on the disk before it counts."""

import os
from pathlib import Path
from typing import Final

import msgspec

from ringfence.clock import Instant
from ringfence.store.interface import Unavailable
from ringfence.store.private_file import PRIVATE

SUFFIX: Final = ".json"
PRIVATE_DIRECTORY: Final = 0o700


class Cursor(msgspec.Struct, frozen=True, kw_only=True):
    """The state of one sink."""

    position: int = 0
    """Of the last event that it surely has."""
    at: Instant = Instant(0.0)
    """When it got that far."""
    failing_since: Instant | None = None
    failure: str = ""
    """Why it takes nothing at present."""
    given_up: int = 0
    """Alerts that a channel refused in all its attempts."""
    waiting: int = 0
    """Alerts that a channel has not been told of yet, as far as the stream was read."""
    dropped: int = 0
    """Alerts that waited beyond the bound, and were dropped."""
    untold: int = 0
    """Of those, the ones that no message has said so of."""
    telling: int = 0
    """Position up to which the message goes that is under way: tried again, it is the same message. 0: none is."""
    tat: int = 0
    """When the channel's bucket is empty again, in nanoseconds since the epoch."""


class Cursors:
    """The cursors of an installation. One process writes; others may read at any time."""

    def __init__(self, directory: Path) -> None:
        """Keep them in `directory`, which is made with mode 0700 when first needed."""
        self._directory = directory

    def read(self, sink: str) -> Cursor | None:
        """Return a sink's cursor, or None where it has none yet.  Raises Unavailable."""
        try:
            return msgspec.json.decode(self._file(sink).read_bytes(), type=Cursor)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.DecodeError) as error:
            raise Unavailable(f"cursor of {sink}: {error}") from error

    def write(self, sink: str, cursor: Cursor) -> None:
        """Keep a cursor in place of the last.  Raises Unavailable, and the last stands."""
        file = self._file(sink)
        beside = file.with_suffix(".making")
        try:
            self._directory.mkdir(parents=True, exist_ok=True, mode=PRIVATE_DIRECTORY)
            descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, PRIVATE)
            with os.fdopen(descriptor, "wb") as making:
                making.write(msgspec.json.encode(cursor))
                making.flush()
                os.fsync(descriptor)
            beside.rename(file)
            around = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                os.fsync(around)
            finally:
                os.close(around)
        except OSError as error:
            raise Unavailable(f"cursor of {sink}: {error}") from error

    def _file(self, sink: str) -> Path:
        return self._directory / f"{sink}{SUFFIX}"
