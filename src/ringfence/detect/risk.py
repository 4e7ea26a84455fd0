"""What the watch has against whom: alerts become evidence that decays, in the events' own time.

A function of the stream: the same alerts and clearings give the same rows. One reason counts once for an entity
and is renewed when it comes again, so that a rule that fires all day adds no more than its weight. Anomalies
weigh less than any alert of level `high`, and together with nothing else never as much as a block would need: there
is no act that they lead to.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from ringfence.clock import Instant, Seconds
from ringfence.detect.alert import Alert
from ringfence.detect.rule import Level
from ringfence.store.risk import FORGOTTEN, Piece, entity_key, risk_of, row_of

WEIGHTS: Final[Mapping[Level, float]] = {
    "informational": 0.05,
    "low": 0.15,
    "medium": 0.35,
    "high": 0.6,
    "critical": 0.85,
}
ANOMALIES: Final = frozenset({"anomaly", "anomaly-digest"})
"""Ids of what no rule raised."""
ANOMALY_WEIGHT: Final = 0.4
HALF_LIVES: Final[Mapping[str, Seconds]] = {
    "user": 1_800.0,
    "name": 1_800.0,
    "grant": 1_800.0,
    "network": 1_800.0,
    "client": 86_400.0,
}
"""Half an hour for people and places, a day for partners."""
MOST_PIECES: Final = 8
MOST_ENTITIES: Final = 50_000
_ENTITY_OF: Final = {
    "user": "user",
    "client": "client",
    "grant": "grant",
    "network": "network",
    "username_hash": "name",
}

Entity = tuple[str, str]


class RiskBook:
    """Every entity that something speaks against."""

    def __init__(self, most_entities: int = MOST_ENTITIES) -> None:
        """Begin with nothing against anybody."""
        self._book: OrderedDict[Entity, dict[str, Piece]] = OrderedDict()
        self._most = most_entities
        self._changed: set[Entity] = set()
        self.evicted = 0
        """Entities that had to go to make room, those first of whom nothing new was heard for longest."""

    def note(self, alert: Alert) -> None:
        """Take an alert as evidence; one in shadow mode is none."""
        weight = ANOMALY_WEIGHT if alert.rule in ANOMALIES else WEIGHTS[alert.level]
        if alert.mode != "shadow":
            for kind, value in entities_of(alert):
                self._add((kind, value), Piece(alert.rule, weight, HALF_LIVES[kind], alert.at))

    def _add(self, entity: Entity, piece: Piece) -> None:
        pieces = self._book.setdefault(entity, {})
        self._book.move_to_end(entity)
        standing = pieces.get(piece.reason)
        later = max(piece.at, standing.at if standing else piece.at)
        if standing is None or standing.now(later) <= piece.now(later):
            pieces[piece.reason] = piece
        if len(pieces) > MOST_PIECES:
            del pieces[min(pieces.values(), key=lambda one: (one.now(piece.at), one.reason)).reason]
        self._changed.add(entity)
        while len(self._book) > self._most:
            gone, _ = self._book.popitem(last=False)
            self._changed.add(gone)
            self.evicted += 1

    def clear(self, kind: str, value: str, until: Instant) -> None:
        """Forget what was seen of an entity until a moment."""
        pieces = self._book.get((kind, value))
        if pieces is not None:
            left = {reason: piece for reason, piece in pieces.items() if piece.at > until}
            self._book[kind, value] = left
            if not left:
                del self._book[kind, value]
            self._changed.add((kind, value))

    def forget(self, now: Instant) -> None:
        """Let go of what has decayed."""
        for entity, pieces in list(self._book.items()):
            if all(piece.now(now) < FORGOTTEN for piece in pieces.values()):
                del self._book[entity]
                self._changed.add(entity)

    def of(self, kind: str, value: str, now: Instant) -> float:
        """Return the risk of one entity, from 0 to 1, nothing else considered."""
        row = self._row((kind, value))
        return risk_of([(kind, row)], now).score if row is not None else 0.0

    def changes(self) -> dict[bytes, bytes | None]:
        """Return the rows that have changed since `told`; None: there is no more."""
        return {entity_key(*entity): self._row(entity) for entity in sorted(self._changed)}

    def told(self) -> None:
        """Note that the changes were published."""
        self._changed.clear()

    def rows(self) -> dict[bytes, bytes | None]:
        """Return all rows."""
        return {entity_key(*entity): self._row(entity) for entity in self._book}

    def _row(self, entity: Entity) -> bytes | None:
        pieces = self._book.get(entity)
        return row_of(list(pieces.values())) if pieces else None

    def snapshot(self) -> list[Any]:
        """Return the whole state as plain values."""
        return [(*entity, list(pieces.values())) for entity, pieces in self._book.items()]

    def restore(self, snapshot: list[Any]) -> None:
        """Go on from a snapshot."""
        saved = msgspec.convert(snapshot, list[tuple[str, str, list[Piece]]])
        self._book = OrderedDict(((kind, value), {p.reason: p for p in pieces}) for kind, value, pieces in saved)
        self._changed = set(self._book)


def entities_of(alert: Alert) -> Iterable[Entity]:
    """Return whom an alert speaks against: its group, and the customer behind a group that is one person.

    Not the client, customer or network of the event that happened to raise it: everybody calls through a
    partner that is at its limit, and the last of them did nothing.
    """
    group = alert.group
    found = [(_ENTITY_OF[name], value) for name, value in group.items() if name in _ENTITY_OF and value]
    user = alert.context.get("user", "")
    if user and "user" not in group and not group.keys().isdisjoint({"grant", "username_hash"}):
        found.append(("user", user))
    return found
