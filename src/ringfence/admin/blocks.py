"""`/blocks`: networks, customers and clients that are kept out for a while; every one ends by itself or can be lifted."""

from ipaddress import ip_address
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta
from starlette.routing import Route

from ringfence.admin.exchange import Answer, Call, Listing, route
from ringfence.admin.ports import AdminPorts
from ringfence.clients.texts import checked_name
from ringfence.clock import Instant
from ringfence.events.detection import BlockChanged
from ringfence.networks import network_of
from ringfence.problem import Fault, Reason, Refused
from ringfence.store.blocks import client_block, network_block, user_block
from ringfence.store.watch_interface import Block

LONGEST_SECONDS: Final = 30 * 86_400
LONGEST_TEXT: Final = 200
_KEYS: Final = {"network": network_block, "user": user_block, "client": client_block}


class NewBlock(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to keep out."""

    kind: Literal["network", "user", "client"]
    value: str
    """An IP address (of IPv6 its /64 is meant), a user id or a client id."""
    seconds: Annotated[int, Meta(ge=1, le=LONGEST_SECONDS)]
    why: str
    by: str = ""


class OldBlock(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to let in again."""

    kind: Literal["network", "user", "client"]
    value: str


def block_routes(ports: AdminPorts) -> list[Route]:
    """Return the routes of this resource."""
    return [
        route(ports, "GET", "/blocks", _list),
        route(ports, "POST", "/blocks", _add),
        route(ports, "POST", "/blocks/lift", _lift),
    ]


async def _list(call: Call) -> Answer:
    return Answer(Listing(list(await call.ports.watch.blocks(call.now))))


async def _add(call: Call) -> Answer:
    asked = call.read(NewBlock)
    value = await checked_value(call, asked.kind, asked.value)
    why = checked_name(asked.why, "/why", LONGEST_TEXT)
    by = checked_name(asked.by, "/by", LONGEST_TEXT) if asked.by else call.ports.actor
    block = Block(asked.kind, value, Instant(call.now + asked.seconds), why, by, call.now)
    await keep_out(call, block)
    return Answer(block, 201)


async def keep_out(call: Call, block: Block) -> None:
    """Have a block stand, listed and on record.  Raises Unavailable."""
    # The list first: a block that stands and is in no list could be lifted by nobody.
    await call.ports.watch.add_block(block)
    await call.ports.fast.block([block_key(block.kind, block.value)], block.until, call.now)
    call.ports.events.emit(_changed(call, block, block.until))


async def _lift(call: Call) -> Answer:
    asked = call.read(OldBlock)
    value = network_of(asked.value) if asked.kind == "network" else asked.value
    lifted = await let_in(call, asked.kind, value)
    if lifted is None:
        raise Refused(Reason.NOT_FOUND, "no block stands for this")
    return Answer(lifted)


async def let_in(call: Call, kind: str, value: str) -> Block | None:
    """Lift a block and return it; None where none stands.  Raises Unavailable."""
    found = [b for b in await call.ports.watch.blocks(call.now) if (b.kind, b.value) == (kind, value)]
    if not found:
        return None
    await call.ports.fast.unblock([block_key(kind, value)])
    await call.ports.watch.remove_block(kind, value)
    call.ports.events.emit(_changed(call, found[0], 0.0))
    return found[0]


def block_key(kind: str, value: str) -> bytes:
    """Return the name of a block in the fast state."""
    return _KEYS[kind](value)


async def checked_value(call: Call, kind: str, value: str) -> str:
    """Return a network, user or client as the gateway names it.  Raises Refused where there is no such thing."""
    if kind == "network":
        try:
            ip_address(value.partition("/")[0])
        except ValueError:
            raise Refused(Reason.ADMIN_REQUEST, faults=(Fault("/value", "is not an IP address"),)) from None
        return network_of(value)
    there = await (call.ports.records.user(value) if kind == "user" else call.ports.records.client(value))
    if there is None:
        raise Refused(Reason.NOT_FOUND, f"no {kind} has this id")
    return value


def _changed(call: Call, block: Block, until: float) -> BlockChanged:
    return BlockChanged(
        at=call.now,
        correlation=call.correlation,
        kind=block.kind,
        value=block.value,
        until=until,
        why=block.why,
        actor=block.by if until else call.ports.actor,
    )
