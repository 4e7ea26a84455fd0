"""How one kind of event is told to a SIEM: the form of a row of `export.table`."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from ringfence.export.choice import Choice

INFORMATIONAL: Final = 1
LOW: Final = 2
MEDIUM: Final = 3
HIGH: Final = 4
CRITICAL: Final = 5
"""Severities as OCSF numbers them (`severity_id`)."""

OUTCOMES: Final = ("allowed", "accepted", "delivered")
"""Fields that say whether it went well."""


class Ocsf(msgspec.Struct, frozen=True):
    """The event as a class of OCSF 1.8.0."""

    class_uid: int
    activity: Choice[int]
    places: Mapping[str, str]
    """Attribute path by field; a field that has none stands under `unmapped`."""
    fills: Mapping[str, Any] = msgspec.field(default_factory=dict)
    """What OCSF demands and this event, or this one of the kind, does not say."""


class Ecs(msgspec.Struct, frozen=True):
    """The event in the categories of the Elastic Common Schema."""

    category: tuple[str, ...]
    type: Choice[str]
    kind: str = "event"


class Row(msgspec.Struct, frozen=True):
    """One kind of event."""

    title: str
    severity: Choice[int]
    ocsf: Ocsf
    ecs: Ecs


def outcome_of(fields: Mapping[str, Any]) -> bool | None:
    """Return whether it went well; None where the event says nothing of the kind."""
    said = [bool(fields[name]) for name in OUTCOMES if name in fields]
    return said[0] if said else None
