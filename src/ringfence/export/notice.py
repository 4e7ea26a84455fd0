"""An alert as a channel tells it: which events a channel takes, redacted as every export is, and what stands in a message."""

from typing import Final

import msgspec

from ringfence.clock import Instant
from ringfence.export.line import FORMS
from ringfence.export.record import Origin, Record, read_record
from ringfence.export.redaction import Redaction, redact
from ringfence.export.table import row_of
from ringfence.store.interface import StoredEvent

RAISED: Final = "alert.raised"
ASKED: Final = "notification.asked"
_MARKS: Final = tuple(f'"{kind}.'.encode() for kind in (RAISED, ASKED))
"""One of them stands in every event that may be told: of all others none has to be decoded."""


class Notice(msgspec.Struct, frozen=True):
    """One alert that somebody is told of. Its texts hold no character that a terminal or a mail reader would obey."""

    position: int
    uid: str
    """The same whenever it is told again."""
    at: Instant
    alert: str
    rule: str
    level: str
    title: str
    explanation: str
    about: tuple[str, ...]
    """`network 192.0.2.1` and the like, as far as the alert says."""
    document: str
    """The event itself in the form that a webhook wants."""


class Noticing(msgspec.Struct, frozen=True):
    """Which alerts a channel is told of."""

    channel: str
    levels: tuple[str, ...]
    """Of alerts that are told at once; the others are told where a playbook names the channel."""
    form: str
    redaction: Redaction
    origin: Origin

    def notices(self, batch: list[StoredEvent]) -> list[Notice]:
        """Return what is to be told of a batch, in order; what falls under a silence is not."""
        records = (read_record(stored) for stored in batch if any(mark in stored.data for mark in _MARKS))
        return [self._notice(record) for record in records if self._takes(record)]

    def _takes(self, record: Record) -> bool:
        fields = record.fields
        if fields.get("silenced"):
            return False
        at_once = fields.get("level") in self.levels
        if record.kind == RAISED:
            return at_once and fields.get("mode") != "shadow"
        # What is told at once is not told once more because a playbook says so too.
        return record.kind == ASKED and fields.get("channel") == self.channel and not at_once

    def _notice(self, record: Record) -> Notice:
        allowed = redact(record, self.redaction)

        def text(name: str) -> str:
            return visible(str(allowed.fields.get(name, "")))

        about = tuple(f"{name} {text(name)}" for name in ("user", "client", "grant", "network") if text(name))
        return Notice(
            position=record.position,
            uid=record.uid,
            at=Instant(record.at),
            alert=visible(str(record.fields.get("alert", ""))),
            rule=text("rule"),
            level=text("level"),
            title=text("title"),
            explanation=text("explanation"),
            about=about,
            document=FORMS[self.form](allowed, row_of(record.tag), self.origin),
        )


def visible(text: str) -> str:
    """Return a text with every character that is not printed written as an escape."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
