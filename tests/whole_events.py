"""Events with something in every field, and what they are exported as."""

import typing

import msgspec

from ringfence.clock import Instant
from ringfence.events import Event, encode
from ringfence.export.record import Origin, Record, read_record
from ringfence.store.interface import StoredEvent

KINDS = typing.get_args(Event)
ORIGIN = Origin("bank.example", "0.1.0")


def full(kind: type, mark: str = "v") -> Event:
    """An event of a kind, a value of its own in every field."""
    values = {}
    for n, field in enumerate(msgspec.structs.fields(kind)):
        by_type = {
            str: f"{mark}-{field.name}",
            int: 1000 + n,
            float: 2000.5 + n,
            Instant: Instant(1_800_000_000.125 + n),
            bool: True,
            tuple[str, ...]: (f"{mark}-{field.name}-1", f"{mark}-{field.name}-2"),
        }
        values[field.name] = by_type[field.type]
    return kind(**values)


def stored(event: Event, position: int = 7) -> StoredEvent:
    return StoredEvent(position, encode(event))


def record_of(kind: type, **fields: object) -> Record:
    return read_record(stored(msgspec.structs.replace(full(kind), **fields)))
