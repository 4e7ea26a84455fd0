"""When a role that ended is started again: exponential back-off that forgets after a good while."""

from typing import Final

import msgspec

from ringfence.clock import Seconds

FIRST_DELAY: Final = 0.1
"""Seconds before the first restart: a single crash costs next to nothing."""

LONGEST_DELAY: Final = 10.0
"""Seconds between restarts of a role that cannot stay up: an operator sees it, the machine lives."""

HEALTHY_AFTER: Final = 30.0
"""Seconds that a role must have run for its next end to count as the first."""


class Restarts(msgspec.Struct, frozen=True):
    """How often in a row a role has ended early."""

    failures: int = 0


def after_exit(before: Restarts, ran_for: Seconds) -> tuple[Restarts, Seconds]:
    """Return the new count and how many seconds to wait before the role is started again."""
    failures = 1 if ran_for >= HEALTHY_AFTER else before.failures + 1
    delay = min(LONGEST_DELAY, FIRST_DELAY * 2.0 ** min(failures - 1, 16))
    return Restarts(failures), delay
