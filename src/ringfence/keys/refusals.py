"""What the signer refused, on record: each kind of refusal at once, then its count once a minute.  PCI DSS §10.2.1.4.

Who asks chooses how often, so how often it is told is not theirs to choose: a caller has a few kinds, all callers
together have `MOST`, and what is beyond them is counted as one kind.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

import msgspec

from ringfence.clock import Instant, Seconds
from ringfence.custody.wire import Manage, Refusal, Reply, Request
from ringfence.events.custody import KeyRefused
from ringfence.keys.purposes import PURPOSES
from ringfence.keys.tenants import base_of
from ringfence.store.interface import Unavailable

EVERY: Final[Seconds] = 60.0
"""How long the same refusals are counted before they are told again."""

MOST: Final = 64
"""Kinds of refusals at a time."""

OPERATIONS: Final = frozenset(
    {"list", "show", "rotate", "suspend", "resume", "destroy", "touched", "compromise", "wish", "wishes", "approve"}
    | {"kept", "shred", "import-offer", "import"}
)
"""What operators may ask; a word that is none of these is not repeated."""

OTHERS: Final = "others"


class Refused(NamedTuple):
    """A kind of refusal."""

    role: str
    by: str
    operation: str
    purpose: str
    reason: str


class _Counted(msgspec.Struct):
    since: Instant
    last: Instant
    count: int
    told_at: Instant


class Refusals:
    """Refusals of the last minute."""

    def __init__(self, emit: Callable[[KeyRefused], None]) -> None:
        """Begin with none; what `emit` does not take (Unavailable) is told with the next ones."""
        self._emit = emit
        self._counted: dict[Refused, _Counted] = {}

    def note(self, refused: Refused, now: Instant) -> None:
        """Take note of one."""
        known = self._counted.get(refused)
        if known is None and len(self._counted) >= MOST:
            refused = Refused("", "", "", "", OTHERS)
            known = self._counted.get(refused)
        if known is None:
            known = self._counted[refused] = _Counted(now, now, 0, Instant(now - EVERY))
        known.since = known.since if known.count else now
        known.last = now
        known.count += 1
        if now - known.told_at >= EVERY:
            self._tell(refused, known, now)

    def flush(self, now: Instant, *, last: bool = False) -> None:
        """Tell what is a minute old, and forget what did not come again; the `last` time tell all of it."""
        for refused, known in list(self._counted.items()):
            if known.count and (last or now - known.told_at >= EVERY):
                self._tell(refused, known, now)
            elif not known.count and now - known.told_at >= EVERY:
                del self._counted[refused]

    def _tell(self, refused: Refused, known: _Counted, now: Instant) -> None:
        try:
            self._emit(KeyRefused(now, *refused, known.count, known.since, known.last))
        except Unavailable:
            return
        known.count, known.told_at = 0, now


def refused_by(role: str, uid: int, request: Request, reply: Reply) -> Refused | None:
    """Return what kind of refusal a reply is, if it is one: an outage is none."""
    if not isinstance(reply, Refusal) or reply.kind == "unavailable":
        return None
    operation = str(request.__struct_config__.tag)
    purpose = str(getattr(request, "purpose", ""))
    if isinstance(request, Manage):
        operation = request.action if request.action in OPERATIONS else "unknown"
        purpose = base_of(request.key)
    return Refused(role, f"uid:{uid}", operation, purpose if purpose in PURPOSES else "", reply.kind)
