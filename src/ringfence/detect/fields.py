"""An event as rules see it: its members by name, and a few that are worked out of them."""

from collections.abc import Callable
from functools import lru_cache
from operator import attrgetter
from typing import Any, Final, get_args

import msgspec
import msgspec.inspect

from ringfence.detect.derived import Derived
from ringfence.events import Event
from ringfence.networks import network_of, prefix_of

Reader = Callable[[Event | Derived], Any]

DERIVED: Final = frozenset({"event", "network_prefix", "bytes"})
"""`event`: its kind; `network_prefix`: the /24 or /48 around the network; `bytes`: response size, 0 where streamed."""


def known_fields() -> frozenset[str]:
    """Return every field that some event has."""
    kinds = (*get_args(Event), *get_args(Derived))
    return DERIVED | {name for kind in kinds for name in kind.__struct_fields__}


@lru_cache
def numbers_of(kinds: frozenset[str]) -> frozenset[str]:
    """Return the fields that are a number in every one of these kinds of event that has them; of all kinds where empty."""
    found: set[str] = {"bytes"}
    others: set[str] = set()
    for kind in (*get_args(Event), *get_args(Derived)):
        if not kinds or kind.__struct_config__.tag in kinds:
            for field in msgspec.structs.fields(kind):
                (found if _is_number(msgspec.inspect.type_info(field.type)) else others).add(field.name)
    return frozenset(found - others)


def _is_number(of: msgspec.inspect.Type) -> bool:
    if isinstance(of, msgspec.inspect.UnionType):
        return all(isinstance(one, msgspec.inspect.NoneType) or _is_number(one) for one in of.types)
    return isinstance(of, msgspec.inspect.IntType | msgspec.inspect.FloatType)


def fields_of(event: Event | Derived) -> dict[str, Any]:
    """Return an event's fields. Addresses are normalised: IPv6 to its /64, IPv4 in IPv6 to IPv4."""
    fields = {name: getattr(event, name) for name in event.__struct_fields__}
    fields["event"] = event.__struct_config__.tag
    if network := fields.get("network"):
        fields["network"], fields["network_prefix"] = network_of(network), prefix_of(network)
    if "response_bytes" in fields:
        fields["bytes"] = max(0, fields["response_bytes"])
    return fields


@lru_cache
def reader(kind: type[Event] | type[Derived], name: str) -> Reader:
    """Return what reads one field of events of one kind, as `fields_of` has it; an empty text where it has none."""
    members = kind.__struct_fields__
    if name == "event":
        tag = kind.__struct_config__.tag
        return lambda _: tag
    if name == "network" and name in members:
        return _network
    if name == "network_prefix" and "network" in members:
        return _prefix
    if name == "bytes" and "response_bytes" in members:
        return _bytes
    return attrgetter(name) if name in members else lambda _: ""


def _network(event: Any) -> str:
    return network_of(event.network) if event.network else ""


def _prefix(event: Any) -> str:
    return prefix_of(event.network) if event.network else ""


def _bytes(event: Any) -> Any:
    return max(0, event.response_bytes)


def as_text(value: Any) -> str:
    """Return a field's value as it names a group."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
