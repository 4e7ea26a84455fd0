"""`/responses/rungs`: who has climbed how far on a playbook's ladder, and having somebody begin below again."""

from typing import Literal

import msgspec
from starlette.routing import Route

from ringfence.admin.exchange import Answer, Call, Listing, route
from ringfence.admin.ports import AdminPorts
from ringfence.problem import Reason, Refused


class Climber(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is to begin below."""

    playbook: str
    of: Literal["user", "client", "grant", "network"]
    value: str


def rung_routes(ports: AdminPorts) -> list[Route]:
    """Return the routes of this resource."""
    return [
        route(ports, "GET", "/responses/rungs", _list),
        route(ports, "POST", "/responses/rungs/forget", _forget),
    ]


async def _list(call: Call) -> Answer:
    return Answer(Listing(list(await call.ports.watch.rungs(call.now))))


async def _forget(call: Call) -> Answer:
    asked = call.read(Climber)
    if not await call.ports.watch.forget_rung(asked.playbook, asked.of, asked.value):
        raise Refused(Reason.NOT_FOUND, "nobody of this name stands on a rung of this playbook")
    call.acted("rung.forgotten", f"{asked.playbook} {asked.of} {asked.value}")
    return Answer({"forgotten": True})
