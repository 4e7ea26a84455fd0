"""Threat intelligence as a gateway worker and the authorization server see it: a file that another process writes."""

import os
from pathlib import Path
from typing import Final

import structlog

from ringfence.clock import Instant, Seconds, monotonic_seconds
from ringfence.intel.agents import Agents, BadPattern
from ringfence.intel.lookup import Joined, Lookup, NoFeeds
from ringfence.intel.table import Listing, Unusable, load

_log = structlog.get_logger("ringfence.intelligence")

LOOK_EVERY: Final[Seconds] = 0.25
"""A new table is in use with the first call after this."""


class TableFile:
    """`Lookup` over the file; without one, nothing is said of anybody."""

    def __init__(self, path: Path) -> None:
        """Read the file if it is there."""
        self._path = str(path)
        self._stamp = (0, 0, 0)
        self._looked_at: Seconds = 0.0
        self._lookup: Lookup = NoFeeds()
        self._look()

    def of(self, address: str, agent: str, now: Instant) -> Listing:
        """Return what is said of a caller."""
        if monotonic_seconds() - self._looked_at >= LOOK_EVERY:
            self._look()
        return self._lookup.of(address, agent, now)

    def _look(self) -> None:
        """Read the file if it has changed; one that cannot be used leaves what is known, and is told once."""
        self._looked_at = monotonic_seconds()
        try:
            stat = os.stat(self._path)  # noqa: PTH116 - on the way of calls, at half the cost
            stamp = (stat.st_mtime_ns, stat.st_ino, stat.st_size)
            if stamp == self._stamp:
                return
            self._stamp = stamp
            table = load(Path(self._path).read_bytes())
            self._lookup = Joined(table, Agents(table.agents))
        except FileNotFoundError:
            self._lookup, self._stamp = NoFeeds(), (0, 0, 0)
        except (OSError, Unusable, BadPattern, ValueError) as why:
            _log.error("threat intelligence not read: what is known stays in use", path=self._path, why=repr(why))
