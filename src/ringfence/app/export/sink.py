"""What a sink is: it takes lines from the front of a batch, or is away."""

from collections.abc import Sequence
from typing import Protocol

from ringfence.clock import Seconds
from ringfence.export.line import Line


class Away(Exception):
    """The sink takes nothing at present; the text says why and is for the operator."""


class Unwanted(Away):
    """The other side answers, and refuses this very message; another may be taken."""


class Sink(Protocol):
    """Takes lines in order."""

    most: int
    """Most lines in one `send`."""
    settles_after: Seconds
    """0: what `send` returns from is taken. Else a sink cannot say so, and a line counts as taken when the way
    there has stood that long after it."""

    async def send(self, lines: Sequence[Line]) -> int:
        """Send lines from the front and return how many were taken, at least one.  Raises Away."""
        ...

    def require_whole(self) -> None:
        """Return if the way that lines were sent on still stands.  Raises Away."""
        ...

    async def close(self) -> None:
        """Let go of it."""
        ...
