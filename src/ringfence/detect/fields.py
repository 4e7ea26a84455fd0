"""An event as rules see it: its members by name, and a few that are worked out of them."""

from typing import Any, Final, get_args

import msgspec

from ringfence.events import Event
from ringfence.networks import network_of, prefix_of

DERIVED: Final = frozenset({"event", "network_prefix", "bytes"})
"""`event`: its kind; `network_prefix`: the /24 or /48 around the network; `bytes`: response size, 0 where streamed."""


def known_fields() -> frozenset[str]:
    """Return every field that some event has."""
    return DERIVED | {name for kind in get_args(Event) for name in kind.__struct_fields__}


def fields_of(event: Event) -> dict[str, Any]:
    """Return an event's fields. Addresses are normalised: IPv6 to its /64, IPv4 in IPv6 to IPv4."""
    fields = {name: getattr(event, name) for name in event.__struct_fields__}
    fields["event"] = event.__struct_config__.tag
    if network := fields.get("network"):
        fields["network"], fields["network_prefix"] = network_of(network), prefix_of(network)
    if "response_bytes" in fields:
        fields["bytes"] = max(0, fields["response_bytes"])
    return fields


def as_text(value: Any) -> str:
    """Return a field's value as it names a group."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
