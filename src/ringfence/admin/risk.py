"""`/risk`: what the watch has against a customer, a client, a grant, a network or a login name; it can be cleared."""

from ipaddress import ip_address
from typing import Annotated, Final

import msgspec
from msgspec import Meta
from starlette.routing import Route

from ringfence.admin.exchange import Answer, Call, route
from ringfence.admin.ports import AdminPorts
from ringfence.clients.texts import checked_name
from ringfence.clock import Instant
from ringfence.events.detection import RiskCleared
from ringfence.networks import network_of
from ringfence.problem import Fault, Reason, Refused
from ringfence.store.risk import EntityKind, Piece, entity_key, pieces_of, risk_of

LONGEST_TEXT: Final = 200


class Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of whom."""

    kind: EntityKind
    value: Annotated[str, Meta(min_length=1, max_length=256)]
    """An IP address (of IPv6 its /64 is meant), an id, or a login name as events have it: `username_hash`."""


class Clearing(Asked, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of whom to forget what was seen."""

    why: str


class Against(msgspec.Struct, frozen=True):
    """One thing that speaks against somebody."""

    reason: str
    weight: float
    """At present."""
    at: Instant
    """When it was seen."""
    half_life: float
    """Seconds."""
    until: Instant
    """When it is forgotten."""


class Shown(msgspec.Struct, frozen=True):
    """The risk of one entity at present."""

    kind: str
    value: str
    score: float
    against: tuple[Against, ...]
    """The heaviest first."""


def risk_routes(ports: AdminPorts) -> list[Route]:
    """Return the routes of this resource."""
    return [route(ports, "POST", "/risk/show", _show), route(ports, "POST", "/risk/clear", _clear)]


async def _show(call: Call) -> Answer:
    asked = call.read(Asked)
    return Answer(_shown(call, asked.kind, _value(asked)), looked=True)


async def _clear(call: Call) -> Answer:
    asked = call.read(Clearing)
    value, why = _value(asked), checked_name(asked.why, "/why", LONGEST_TEXT)
    found = _shown(call, asked.kind, value)
    if not found.against:
        raise Refused(Reason.NOT_FOUND, "nothing speaks against it")
    # The event first: the watch forgets by it, and would publish the row again if it were lost.
    call.ports.events.emit(
        RiskCleared(
            at=call.now,
            correlation=call.correlation,
            kind=asked.kind,
            value=value,
            score=found.score,
            why=why,
            actor=call.ports.actor,
        )
    )
    await call.ports.risks.put({entity_key(asked.kind, value): None})
    return Answer(found)


def _value(asked: Asked) -> str:
    if asked.kind != "network":
        return asked.value
    try:
        ip_address(asked.value.partition("/")[0])
    except ValueError:
        raise Refused(Reason.ADMIN_REQUEST, faults=(Fault("/value", "is not an IP address"),)) from None
    return network_of(asked.value)


def _shown(call: Call, kind: str, value: str) -> Shown:
    (row,) = call.ports.risks.get([entity_key(kind, value)])
    try:
        pieces = () if row is None else pieces_of(row)
    except msgspec.MsgspecError:
        pieces = (Piece("unreadable", 1.0, 1.0, call.now),)
    against = sorted((_against(piece, call.now) for piece in pieces), key=lambda one: (-one.weight, one.reason))
    score = risk_of([(kind, row)], call.now).score
    return Shown(kind, value, score, tuple(one for one in against if one.until > call.now))


def _against(piece: Piece, now: Instant) -> Against:
    return Against(piece.reason, round(piece.now(now), 4), piece.at, piece.half_life, piece.ends())
