"""An event in the form that a sink wants: one line, redacted, with what the way there needs to know of it."""

from collections.abc import Callable, Mapping
from typing import Final, Protocol

import msgspec

from ringfence.clock import Instant
from ringfence.export.cef import to_cef
from ringfence.export.document import one_line
from ringfence.export.ecs import to_ecs
from ringfence.export.ocsf import to_ocsf
from ringfence.export.otlp import to_otlp
from ringfence.export.record import Origin, Record, read_record
from ringfence.export.redaction import Redaction, redact
from ringfence.export.row import Row
from ringfence.export.table import row_of
from ringfence.store.interface import StoredEvent

FORMS: Final[Mapping[str, Callable[[Record, Row, Origin], str]]] = {
    "ocsf": lambda record, row, origin: one_line(to_ocsf(record, row, origin)),
    "ecs": lambda record, row, origin: one_line(to_ecs(record, row, origin)),
    "cef": to_cef,
    "otlp": lambda record, row, origin: one_line(to_otlp(record, row, origin)),
}


class Line(msgspec.Struct, frozen=True):
    """One event on the wire."""

    position: int
    uid: str
    kind: str
    at: Instant
    severity: int
    """OCSF's `severity_id`."""
    text: str
    """Without a line's end, and with none inside."""


class Selection(msgspec.Struct, frozen=True):
    """Which events a sink gets."""

    kinds: tuple[str, ...] = ()
    """Kinds and families (`login.*`); empty: all."""
    levels: tuple[str, ...] = ()
    """Levels of alerts; empty: all."""
    silenced: bool = True
    """Alerts that fall under a silence go there too."""

    def takes(self, record: Record) -> bool:
        """Say whether the event goes there."""
        family = f"{record.kind.partition('.')[0]}.*"
        fits = not self.kinds or record.kind in self.kinds or family in self.kinds
        told = self.silenced or not record.fields.get("silenced")
        return fits and told and (not self.levels or record.fields.get("level") in self.levels)


class Renders(Protocol):
    """Makes the lines of one sink."""

    def lines(self, batch: list[StoredEvent]) -> list[Line]:
        """Return the lines of a batch, in order; events that the sink does not want are left out."""
        ...


class Rendering(msgspec.Struct, frozen=True):
    """How a sink's lines are made."""

    form: str
    selection: Selection
    redaction: Redaction
    origin: Origin

    def lines(self, batch: list[StoredEvent]) -> list[Line]:
        """Return the lines of a batch, in order; events that the sink does not want are left out."""
        records = (read_record(stored) for stored in batch)
        return [self._line(record) for record in records if self.selection.takes(record)]

    def _line(self, record: Record) -> Line:
        row = row_of(record.tag)
        allowed = redact(record, self.redaction)
        text = FORMS[self.form](allowed, row, self.origin)
        severity = row.severity.of(record.fields)
        return Line(record.position, record.uid, record.kind, Instant(record.at), severity, text)
