"""`/audit`: make a person's part of the audit log unreadable for good."""

from typing import Final

import msgspec
from starlette.routing import Route

from ringfence.admin.exchange import Answer, Call, route
from ringfence.admin.ports import AdminPorts
from ringfence.clients.texts import checked_name
from ringfence.problem import Reason, Refused

LONGEST_PERSON: Final = 128


class Shredding(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose key is destroyed: a user's identifier, or `day:YYYY-MM-DD` for unknown people of that day."""

    person: str


class Shredded(msgspec.Struct, frozen=True):
    """Whose key it was, and its id: the log still says that this key was used."""

    person: str
    key: str


def audit_routes(ports: AdminPorts) -> list[Route]:
    """Return the routes of this resource."""
    return [route(ports, "POST", "/audit/shred", _shred)]


async def _shred(call: Call) -> Answer:
    person = checked_name(call.read(Shredding).person, "/person", LONGEST_PERSON)
    key = await call.ports.shred(person) if call.ports.shred else None
    if key is None:
        raise Refused(Reason.NOT_FOUND, "the audit log keeps nothing under a key of this person")
    call.acted("audit.shredded", key)  # the key, not the person: this record stays readable
    return Answer(Shredded(person, key))
