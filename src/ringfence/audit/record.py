"""An entry of the log: salt, then the event with its place in stream and journal, in the one canonical form."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final

import msgspec

from ringfence.audit.canonical import canonical
from ringfence.audit.catalogue import part
from ringfence.audit.persons import DAY_PREFIX
from ringfence.audit.tiles import LONGEST_ENTRY
from ringfence.clock import Instant
from ringfence.store.interface import StoredEvent

SALT_BYTES: Final = 32
"""So that a leaf's hash tells nothing to whoever guesses the event."""

VERSION: Final = 1
REDUCED: Final = "audit.reduced.v1"
"""Stands for an event that has no canonical form or is too long: its hash is kept, and its kind."""

_KIND: Final = re.compile(rb'"event":"([a-z_.0-9]{1,64})"')

Seal = Callable[[str, bytes, str], tuple[str, str]]
"""Takes person, plain text and what it is bound to; returns key id and sealed text.  `Persons.seal`."""


class EntryInvalid(Exception):
    """An entry is not what the log writes."""


class Sealed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Personal members under the key of one person."""

    data: str
    key: str


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What an entry says."""

    event: dict[str, Any]
    length: int
    """Bytes of the event's line in its producer's journal; 0 where the producer is not known."""
    logged_at: float
    """When it was appended to the log, in seconds since 1970."""
    offset: int
    """Where its line begins in the journal; the next one's begins at `offset + length`."""
    position: int
    """In the event stream."""
    producer: str
    """The journal that it came from."""
    v: int
    sealed: Sealed | None = None


_decoder: Final = msgspec.json.Decoder(Record)


class Entry(msgspec.Struct, frozen=True):
    """An entry as bytes, with what the index keeps of it."""

    data: bytes
    record: Record


def write(stored: StoredEvent, seal: Seal, salt: bytes, now: Instant) -> Entry:
    """Return the entry of an event.

    Args:
        stored: the event as the stream has it.
        seal: seals what is personal.
        salt: fresh, unpredictable.
        now: when it is appended.
    """
    try:
        entry = _written(stored, msgspec.json.decode(stored.data), seal, salt, now)
        if len(entry.data) <= LONGEST_ENTRY:
            return entry
    except (ValueError, TypeError, AttributeError):
        pass
    kind = _KIND.search(stored.data)
    reduced = {"event": REDUCED, "of": kind[1].decode() if kind else "", "sha256": sha256(stored.data).hexdigest()}
    return _written(stored, reduced, seal, salt, now)


def _written(stored: StoredEvent, event: dict[str, Any], seal: Seal, salt: bytes, now: Instant) -> Entry:
    parted = part(event, DAY_PREFIX + datetime.fromtimestamp(now, UTC).date().isoformat())
    sealed = None
    if parted.personal:
        key, data = seal(parted.person, canonical(parted.personal), bound(stored.position, event))
        sealed = Sealed(data, key)
    length = len(stored.data) + 1 if stored.source else 0
    record = Record(
        event=parted.plain,
        length=length,
        logged_at=now,
        offset=stored.offset,
        position=stored.position,
        producer=stored.source,
        v=VERSION,
        sealed=sealed,
    )
    return Entry(salt + canonical(msgspec.to_builtins(record)), record)


def bound(position: int, event: dict[str, Any]) -> str:
    """Return what an event's personal members are bound to: moved to another event they do not open."""
    return f"{position} {event.get('event', '')}"


def read(entry: bytes) -> Record:
    """Return what an entry says.

    Raises:
        EntryInvalid: it is too short, not in canonical form, or of another version.
    """
    try:
        record = _decoder.decode(entry[SALT_BYTES:])
        form = canonical(msgspec.json.decode(entry[SALT_BYTES:]))
    except (ValueError, TypeError) as error:
        raise EntryInvalid(f"it is no record: {error}") from None
    if form != entry[SALT_BYTES:]:
        raise EntryInvalid("it is not in canonical form")
    if record.v != VERSION or not isinstance(record.event.get("event"), str):
        raise EntryInvalid("it is of a version that this Ringfence does not know")
    return record
