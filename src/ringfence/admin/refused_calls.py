"""Calls to the management API that were refused, on record: so many a minute one by one, the rest as a number.  PCI DSS §10.2.1.4."""

from collections.abc import Callable
from typing import Final

import msgspec
import structlog

from ringfence.clock import Instant, Seconds
from ringfence.events.actions import AdminActed
from ringfence.store.interface import Unavailable

_log = structlog.get_logger("ringfence.admin")

MINUTE: Final[Seconds] = 60.0

ONE_BY_ONE: Final = 60
"""Entries a minute: what a person or a script does by mistake. A loop that fails does not fill the log."""


class RefusedCalls:
    """What was refused in the last minute."""

    def __init__(self, most: int = ONE_BY_ONE) -> None:
        """Begin with nothing."""
        self._most = most
        self._began = Instant(0.0)
        self._written = 0
        self._more = 0

    def put(self, emit: Callable[[AdminActed], None], refused: AdminActed) -> None:
        """Put a refused call on record, or count it: the first entry after the minute stands for those, too.

        Where the event stream does not take it, the call is refused all the same, and it stays counted.
        """
        if refused.at - self._began >= MINUTE:
            self._began, self._written = refused.at, 0
        if self._written >= self._most:
            self._more += 1
            return
        try:
            emit(msgspec.structs.replace(refused, count=self._more + 1))
        except Unavailable as why:
            self._more += 1
            _log.error("a refused call is not on record yet", action=refused.action, why=str(why))
        else:
            self._written += 1
            self._more = 0
