"""Who holds a client suspended: an operator's own suspension is kept beside those that are responses.

A client has one status, and several may want it stopped. It goes on when nobody does any longer, or when an operator
says so; taking a response back is not that.
"""

from typing import Final

from ringfence.admin.exchange import Call
from ringfence.clock import Instant
from ringfence.store.model import Client
from ringfence.store.response_interface import KeptResponse

OWN: Final = "operator"
"""Begins the ids of what operators did at the clients themselves."""
UNBOUNDED: Final = 1 << 40


async def hold(call: Call, client: Client, by: str) -> None:
    """Note that an operator has a client suspended, once however often.  Raises Unavailable."""
    if any(one.response_id.startswith(OWN) for one in await holding(call, client.client_id)):
        return
    own = KeptResponse(
        response_id=f"{OWN}_{call.correlation}",
        kind="suspend",
        of="client",
        value=client.client_id,
        state="done",
        at=call.now,
        until=Instant(0.0),
        why="suspended by an operator",
        by=by,
    )
    await call.ports.watch.add_response(own, UNBOUNDED, UNBOUNDED)


async def let_go(call: Call, client: Client) -> None:
    """Note that nobody has the client suspended any longer: an operator said so.  Raises Unavailable."""
    for one in await holding(call, client.client_id):
        await call.ports.watch.move_response(one.response_id, ("done",), "undone", call.ports.actor)


async def holding(call: Call, client_id: str) -> list[KeptResponse]:
    """Return what has a client suspended and has been carried out.  Raises Unavailable."""
    return [
        one
        for one in await call.ports.watch.standing_responses(call.now)
        if (one.kind, one.value, one.state) == ("suspend", client_id, "done")
    ]
