"""`/keys`: which keys there are and in what state, and what operators have done with them. The signer does it."""

from typing import Any, Final

import msgspec
from starlette.routing import Route

from ringfence.admin.exchange import Answer, Call, Handler, Listing, route
from ringfence.admin.key_partners import partners_of
from ringfence.admin.ports import AdminPorts
from ringfence.clients.texts import checked_name
from ringfence.custody.wire import SignerRefused
from ringfence.policy.model import Policy
from ringfence.problem import Reason, Refused
from ringfence.store.interface import Unavailable

LONGEST_WHY: Final = 200

_ACTIONS: Final = {
    "rotate": "key.rotated",
    "suspend": "key.suspended",
    "resume": "key.resumed",
    "destroy": "key.destroyed",
    "compromise": "key.compromise.wished",
    "import-offer": "key.import.offered",
}
"""What can be done with a key, and how it is put on record."""

_REASONS: Final = {
    "unknown": Reason.NOT_FOUND,
    "state": Reason.CONFLICT,
    "approval": Reason.CONFLICT,
    "malformed": Reason.ADMIN_REQUEST,
    "not-allowed": Reason.ADMIN_REQUEST,
}


class Shred(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose data keys are to go for good, and why."""

    tenant: str
    why: str = "operator"


class Wrapped(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A KEK of somebody else's, wrapped for an import."""

    wrapped: bytes
    """In base64."""
    why: str = "operator"


class Why(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why something is done."""

    why: str = "operator"


def key_routes(policy: Policy, ports: AdminPorts) -> list[Route]:  # noqa: ARG001 - every resource is given both
    """Return the routes of this resource."""
    return [
        route(ports, "GET", "/keys", _list, query=("purpose",)),
        route(ports, "GET", "/keys/{key}", _show),
        route(ports, "GET", "/keys/{key}/touched", _touched),
        route(ports, "GET", "/key-wishes/{wish}", _wish),
        route(ports, "GET", "/key-tenants/{tenant}", _kept),
        route(ports, "POST", "/key-shreddings", _shred),
        route(ports, "POST", "/key-imports/{offer}", _import),
        *(route(ports, "POST", f"/keys/{{key}}/{action}", _act(action)) for action in _ACTIONS),
    ]


async def _list(call: Call) -> Answer:
    return Answer(Listing(await _ask(call, "list", call.query.get("purpose", ""))))


async def _show(call: Call) -> Answer:
    return Answer(await _ask(call, "show", call.path["key"]))


async def _touched(call: Call) -> Answer:
    touched = await _ask(call, "touched", call.path["key"])
    partners = await partners_of(call.ports.stream, touched)
    return Answer(touched | {"partners": partners})


async def _wish(call: Call) -> Answer:
    return Answer(await _ask(call, "wish", call.path["wish"]))


async def _kept(call: Call) -> Answer:
    return Answer(await _ask(call, "kept", call.path["tenant"]))


async def _shred(call: Call) -> Answer:
    wanted = call.read(Shred)
    wish = await _ask(call, "shred", wanted.tenant, checked_name(wanted.why, "/why", LONGEST_WHY))
    call.acted("key.shredding.wished", wish["wish"])  # not the tenant: it may be a customer, and this stays readable
    return Answer(wish)


async def _import(call: Call) -> Answer:
    brought = call.read(Wrapped)
    why = checked_name(brought.why, "/why", LONGEST_WHY)
    taken = await _ask(call, "import", call.path["offer"], why, brought.wrapped)
    if "wish" in taken:
        call.acted("key.import.wished", taken["wish"])
    else:
        call.acted("key.imported", taken["key"])
    return Answer(taken)


def _act(action: str) -> Handler:
    async def act(call: Call) -> Answer:
        why = checked_name(call.read(Why).why, "/why", LONGEST_WHY)
        done = await _ask(call, action, call.path["key"], why)
        call.acted(_ACTIONS[action], call.path["key"])
        return Answer(done)

    return act


async def _ask(call: Call, action: str, key: str, why: str = "", data: bytes = b"") -> Any:
    """Return what the signer answers.  Raises Refused NOT_FOUND, CONFLICT, ADMIN_REQUEST; Unavailable."""
    if call.ports.keys is None:
        raise Unavailable("there is no signer")
    try:
        return (await call.ports.keys.manage(action, key, call.ports.actor, why, data)).document
    except SignerRefused as refused:
        reason = _REASONS.get(refused.kind)
        if reason is None:
            raise Unavailable(f"signer: {refused}") from None
        raise Refused(reason, str(refused)) from None
