"""Try a rule on made-up events: a file of cases, each with what it must raise.

A case has events in shorthand: one event, `times` times, `every` so many seconds, with `{n}` in any text
replaced by the number of the repetition.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from ringfence.detect.alert import Alert
from ringfence.detect.compiled import CompiledRule
from ringfence.detect.engine import Engine
from ringfence.events import Event

START: Final = 1_800_000_000.0
_COMMON: Final[dict[str, dict[str, Any]]] = {
    "login.decided.v1": {"allowed": False, "username_hash": "u", "correlation": "c{n}"},
    "call.decided.v1": {"allowed": False, "status": 400, "correlation": "c{n}", "trace": "t"},
    "token.decided.v1": {"allowed": False, "endpoint": "TOKEN", "correlation": "c{n}"},
    "consent.decided.v1": {"allowed": False, "user": "user_{n}", "client": "c", "scopes": [], "correlation": "c{n}"},
    "response.changed.v1": {
        "response": "r{n}",
        "kind": "block",
        "of": "network",
        "value": "n",
        "state": "done",
        "why": "w",
        "actor": "a",
        "correlation": "c{n}",
    },
    "signal.received.v1": {"transmitter": "t", "kind": "k", "jti": "j{n}", "outcome": "acts", "correlation": "c{n}"},
    "authenticator.enrolled.v1": {"user": "u", "correlation": "c{n}"},
    "passkey.changed.v1": {"user": "u", "correlation": "c{n}"},
    "admin.acted.v1": {"actor": "uid:0", "action": "a", "subject": "s{n}", "correlation": "c{n}"},
}


class Events(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Some events that are alike."""

    event: Annotated[dict[str, Any], Meta(description="`event` names the kind; the rest are its members.")]
    times: Annotated[int, Meta(ge=1, le=100_000)] = 1
    every: Annotated[float, Meta(ge=0, description="Seconds between two.")] = 1.0
    at: Annotated[float, Meta(ge=0, description="Seconds after the start; absent: after the ones before.")] = -1.0


class Case(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One story and its end."""

    name: str
    events: tuple[Events, ...]
    alerts: Annotated[int, Meta(ge=0, description="How many alerts it raises.")]
    group: Annotated[dict[str, str], Meta(description="The first alert's group, if any.")] = msgspec.field(
        default_factory=dict
    )


class Place(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a network is."""

    latitude: Annotated[float, Meta(ge=-90, le=90, description="In degrees.")]
    longitude: Annotated[float, Meta(ge=-180, le=180, description="In degrees.")]


class RuleCases(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All cases of one rule."""

    rule: str
    places: Annotated[dict[str, Place], Meta(description="Where networks are.")] = msgspec.field(default_factory=dict)
    cases: Annotated[tuple[Case, ...], Meta(min_length=1)]


def run_case(rule: CompiledRule, case: Case, places: Mapping[str, Place] | None = None) -> list[Alert]:
    """Return the alerts that a case's events raise; `places` says where networks are."""
    known = {network: (place.latitude, place.longitude) for network, place in (places or {}).items()}
    engine = Engine([rule], positions=known.get)
    return [alert for position, event in enumerate(_events(case), 1) for alert in engine.feed(position, event)]


def fault(case: Case, alerts: list[Alert]) -> str:
    """Return what is not as the case says, or an empty text."""
    if len(alerts) != case.alerts:
        return f"{case.name}: {len(alerts)} alerts, not {case.alerts}"
    if alerts and case.group and alerts[0].group != case.group:
        return f"{case.name}: the group is {alerts[0].group}, not {case.group}"
    return ""


def _events(case: Case) -> Iterator[Event]:
    made: list[tuple[float, int, dict[str, Any]]] = []
    clock, number = 0.0, 0
    for events in case.events:
        clock = events.at if events.at >= 0 else clock
        kind = events.event.get("event", "")
        for n in range(events.times):
            members = _COMMON.get(kind, {}) | events.event
            made.append((clock, number, {k: _numbered(v, n) for k, v in members.items()} | {"at": START + clock}))
            clock, number = clock + events.every, number + 1
    for _, _, members in sorted(made, key=lambda one: one[:2]):
        yield msgspec.convert(members, Event)


def _numbered(value: Any, number: int) -> Any:
    return value.replace("{n}", str(number)) if isinstance(value, str) else value
