"""`/invitations`, `/clients/{client_id}/registration-token`: let partners register and manage clients themselves.  RFC 7591 §3; RFC 7592 §3."""

from typing import Final

import msgspec
from starlette.routing import Route

from ringfence.admin.clients import known_client
from ringfence.admin.exchange import Answer, Call, Listing, route
from ringfence.admin.ports import AdminPorts
from ringfence.clients.texts import checked_name, fault
from ringfence.clock import Instant
from ringfence.ids import new_token, token_hash
from ringfence.problem import Reason, Refused
from ringfence.store.registrations import Invitation, Registration

LONGEST_NAME: Final = 100
MOST_USES: Final = 1000
LONGEST_SECONDS: Final = 31_536_000
"""A year."""


class NewInvitation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who may register clients, how many, and until when."""

    name: str
    """For whom it is."""
    uses: int = 1
    seconds: int = 604_800
    """How long it is good: a week, unless said otherwise."""


def registration_routes(ports: AdminPorts) -> list[Route]:
    """Return the routes of this resource."""
    return [
        route(ports, "POST", "/invitations", _invite),
        route(ports, "GET", "/invitations", _list),
        route(ports, "POST", "/clients/{client_id}/registration-token", _renew),
    ]


async def _invite(call: Call) -> Answer:
    """Make an initial access token, which is told this once."""
    asked = call.read(NewInvitation)
    if not 1 <= asked.uses <= MOST_USES:
        raise fault("/uses", f"is from 1 to {MOST_USES}")
    if not 1 <= asked.seconds <= LONGEST_SECONDS:
        raise fault("/seconds", f"is from 1 to {LONGEST_SECONDS}")
    token = new_token(call.ports.random)
    invitation = Invitation(
        token_hash=token_hash(token),
        name=checked_name(asked.name, "/name", LONGEST_NAME),
        uses_left=asked.uses,
        created_at=call.now,
        expires_at=Instant(call.now + asked.seconds),
    )
    await call.ports.records.add_invitation(invitation)
    call.acted("invitation.added", invitation.token_hash[:16])
    return Answer(_told(invitation) | {"initial_access_token": token}, 201)


async def _list(call: Call) -> Answer:
    return Answer(Listing([_told(one) for one in await call.ports.records.list_invitations()]))


async def _renew(call: Call) -> Answer:
    """Give a client a new registration access token, which is told this once; a former one is worth nothing then."""
    client = await known_client(call)
    if client.status == "revoked":
        raise Refused(Reason.CONFLICT, "a revoked client stays revoked: register a new one")
    token = new_token(call.ports.random)
    await call.ports.records.renew_registration(
        Registration(client_id=client.client_id, token_hash=token_hash(token), created_at=call.now, changed_at=call.now)
    )
    call.acted("client.registration_token", client.client_id)
    return Answer({"client_id": client.client_id, "registration_access_token": token}, 201)


def _told(invitation: Invitation) -> dict[str, str | int | float]:
    """Return what is told of an invitation; the beginning of its hash is its name in events."""
    return {
        "invitation": invitation.token_hash[:16],
        "name": invitation.name,
        "uses_left": invitation.uses_left,
        "created_at": invitation.created_at,
        "expires_at": invitation.expires_at,
    }
