"""What the event stream promises of events that say less from some time on, as a protocol."""

from collections.abc import Sequence
from typing import Protocol

import msgspec


class Redaction(msgspec.Struct, frozen=True):
    """Events are to be rewritten because of one person; it is noted until all are."""

    person: str
    after: int
    """Position up to which it is done."""
    upto: int
    """The last position that it is about: the newest when it was asked for."""


class Redactions(Protocol):
    """The part of the event stream that rewrites events where they stand.  Every method raises Unavailable."""

    async def note_redaction(self, person: str) -> None:
        """Note, on the disk, that all events that are there now are to be rewritten because of this person."""
        ...

    async def redactions(self) -> list[Redaction]:
        """Return what is noted and not done."""
        ...

    async def rewrite(self, redaction: Redaction, upto: int, events: Sequence[tuple[int, bytes]]) -> None:
        """Put events in place of those at their positions, and note that it is done up to `upto`, both or neither.

        Nothing happens if the redaction does not stand as it is given.
        """
        ...

    async def finish_redaction(self, redaction: Redaction) -> bool:
        """Forget one that is done; False while the file beside the database may still hold what events said before."""
        ...
