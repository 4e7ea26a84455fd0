"""A client as the management API shows it: its record, and what of it ends soon.  RFC 5280 §4.1.2.5."""

from typing import Any, Final

import msgspec

from ringfence.clients.expiry import ending, expiries
from ringfence.clock import Instant
from ringfence.policy.model import Policy
from ringfence.store.model import Client
from ringfence.store.registrations import Registration

DAY_SECONDS: Final = 86_400.0


def shown(client: Client, registration: Registration | None, policy: Policy, now: Instant) -> dict[str, Any]:
    """Return what is told of a client.

    `ends` is everything of it that has an end, with `soon` where that is within the policy's
    `warn_before_days`; `registration` is there for a client that manages itself.
    """
    record: dict[str, Any] = msgspec.to_builtins(client)
    del record["name_key"]
    found = expiries(client, registration)
    soon = ending(found, now, policy.oauth.clients.warn_before_days * DAY_SECONDS)
    record["ends"] = [{"what": one.what, "at": one.at, "soon": one in soon} for one in found]
    if registration is not None:
        record["registration"] = {
            "statement_issuer": registration.statement_issuer,
            "software_id": registration.software_id,
            "statement_expires_at": registration.statement_expires_at,
            "changed_at": registration.changed_at,
            **registration.described,
        }
    return record
