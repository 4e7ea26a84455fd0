"""A stored event as it is exported: its fields by name, and an identity by which a repetition is known."""

from typing import Any, Final

import msgspec

from ringfence.events import Event, decode
from ringfence.store.interface import StoredEvent

NOT_UNDERSTOOD: Final = "event.not_understood.v1"
"""Stands for an event of a later version: its fields have no class, so none of them leaves."""
LONGEST_KIND: Final = 64
LATEST: Final = 1e11
"""Seconds since the Unix epoch: what is beyond is no time of an event."""
UNKNOWN_SIZE: Final = -1
"""Of an answer that was streamed: to a SIEM a size that is not known is one that is not there."""


class Record(msgspec.Struct, frozen=True):
    """One event on its way out."""

    position: int
    uid: str
    """The same whenever the event is sent again: position and time. Never a hash of the event, which would let
    somebody who has the rest of it try out what was redacted."""
    tag: str
    """Kind and version, `login.decided.v1`."""
    fields: dict[str, Any]
    """Strings, numbers, booleans and lists of strings; `at` is among them."""

    @property
    def kind(self) -> str:
        """The kind without its version."""
        return self.tag.rpartition(".")[0]

    @property
    def at(self) -> float:
        """When it happened, in seconds since the Unix epoch."""
        return float(self.fields["at"])


class Origin(msgspec.Struct, frozen=True):
    """Which installation speaks."""

    host: str
    """Host of the issuer."""
    version: str
    """Of Ringfence."""


def read_record(stored: StoredEvent) -> Record:
    """Return an event as it is exported; one that this version does not know is told without its fields."""
    try:
        event = decode(stored.data)
        tag, fields = tag_of(type(event)), _fields(event)
    except (msgspec.DecodeError, UnicodeDecodeError):
        tag, fields = NOT_UNDERSTOOD, _unread(stored.data)
    if not 0 <= fields["at"] < LATEST:
        tag, fields = NOT_UNDERSTOOD, _unread(stored.data)
    # Letters around the digits: whoever looks for card numbers in exported events shall not find one here.
    uid = f"p{stored.position}t{round(fields['at'] * 1_000_000):x}"
    return Record(stored.position, uid, tag, fields)


def tag_of(kind: type[msgspec.Struct]) -> str:
    """Return kind and version of a struct of `events`."""
    return str(kind.__struct_config__.tag)


def _fields(event: Event) -> dict[str, Any]:
    fields = msgspec.to_builtins(event)
    del fields["event"]
    if fields.get("response_bytes") == UNKNOWN_SIZE:
        del fields["response_bytes"]
    return {name: list(value) if isinstance(value, tuple) else value for name, value in fields.items()}


def _unread(data: bytes) -> dict[str, Any]:
    try:
        said = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        said = {}
    said = said if isinstance(said, dict) else {}
    at = said.get("at")
    at = float(at) if isinstance(at, int | float) and 0 <= at < LATEST else 0.0
    return {"at": at, "said": str(said.get("event", ""))[:LONGEST_KIND]}
