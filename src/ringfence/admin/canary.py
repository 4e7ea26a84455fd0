"""`/canary`: a policy that is tried on a share of the clients: begun, looked at, made everybody's, ended."""

from typing import Annotated, Final

import msgspec
from msgspec import Meta
from starlette.routing import Route

from ringfence.admin.exchange import Answer, Call, route
from ringfence.admin.ports import AdminPorts, CanaryKeeper
from ringfence.policy.canary import Canary
from ringfence.problem import Fault, Reason, Refused

MOST_NAMED: Final = 1000
LONGEST_PATH: Final = 4096


class NewCanary(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to try on whom; of a canary under way, on whom from now on."""

    source: Annotated[str, Meta(pattern=r"^/", max_length=LONGEST_PATH)]
    """The policy file, on this machine."""
    percent: Annotated[float, Meta(ge=0, le=100)] = 0.0
    """Of all clients."""
    clients: Annotated[tuple[str, ...], Meta(max_length=MOST_NAMED)] = ()
    """Ids of clients besides."""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a policy is tried, and which."""

    canary: Canary | None


def canary_routes(ports: AdminPorts) -> list[Route]:
    """Return the routes of this resource."""
    return [
        route(ports, "GET", "/canary", _show),
        route(ports, "POST", "/canary", _start),
        route(ports, "POST", "/canary/promote", _promote),
        route(ports, "DELETE", "/canary", _abort),
    ]


async def _show(call: Call) -> Answer:
    return Answer(Standing(canary=await _keeper(call).standing()))


async def _start(call: Call) -> Answer:
    asked = call.read(NewCanary)
    if not asked.percent and not asked.clients:
        raise Refused(Reason.ADMIN_REQUEST, faults=(Fault("/percent", "a share above 0, or clients by name"),))
    for i, client_id in enumerate(asked.clients):
        if await call.ports.records.client(client_id) is None:
            raise Refused(Reason.ADMIN_REQUEST, faults=(Fault(f"/clients/{i}", "no client has this id"),))
    clients = tuple(dict.fromkeys(asked.clients))
    canary = await _keeper(call).start(asked.source, asked.percent, clients, call.now)
    call.acted("canary.started", described(canary))
    return Answer(Standing(canary=canary), 201)


async def _promote(call: Call) -> Answer:
    canary = await _keeper(call).promote()
    call.acted("canary.promoted", canary.name)
    return Answer(Standing(canary=canary), 202)


async def _abort(call: Call) -> Answer:
    name = await _keeper(call).abort()
    call.acted("canary.aborted", name)
    return Answer(Standing(canary=None))


def _keeper(call: Call) -> CanaryKeeper:
    if call.ports.canary is None:
        raise Refused(Reason.NOT_FOUND, "this management API keeps no canary")
    return call.ports.canary


def described(canary: Canary) -> str:
    """Return what the record says: which policy, and on whom."""
    named = f" and {' '.join(canary.clients)}" if canary.clients else ""
    return f"{canary.name} on {canary.percent:g} %{named}"
