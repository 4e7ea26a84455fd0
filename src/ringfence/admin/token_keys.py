"""`/token-keys`: the keys that tokens are signed with, and believing one no more, from the next call on.  RFC 7517 §4.5; NIST SP 800-57 part 1 §5.3.

Whoever has stolen a signing key can make tokens of any age, so a revoked one stays revoked.
"""

import re
from typing import Final

import msgspec
from starlette.routing import Route

from ringfence.admin.exchange import Answer, Call, Listing, route
from ringfence.admin.ports import AdminPorts
from ringfence.clients.texts import checked_name
from ringfence.problem import Reason, Refused
from ringfence.store.blocks import FOR_GOOD, key_block
from ringfence.store.logout_model import RevokedKey

LONGEST_WHY: Final = 200

_KID: Final = re.compile(r"[A-Za-z0-9_.~-]{1,200}")
"""As they stand in tokens of ours: thumbprints (RFC 7638), or what another key provider names them."""


class Revocation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why a key is believed no more."""

    why: str = "operator"


def token_key_routes(ports: AdminPorts) -> list[Route]:
    """Return the routes of this resource."""
    return [
        route(ports, "GET", "/token-keys", _list),
        route(ports, "POST", "/token-keys/{kid}/revoke", _revoke),
    ]


async def _list(call: Call) -> Answer:
    revoked = {key.kid: key for key in await call.ports.records.revoked_keys()}
    published = call.ports.published_kids()
    items = [
        {
            "kid": kid,
            "published": kid in published,
            "revoked_at": revoked[kid].revoked_at if kid in revoked else None,
            "why": revoked[kid].why if kid in revoked else "",
        }
        for kid in dict.fromkeys((*published, *revoked))
    ]
    return Answer(Listing(items))


async def _revoke(call: Call) -> Answer:
    kid, why = call.path["kid"], checked_name(call.read(Revocation).why, "/why", LONGEST_WHY)
    if not _KID.fullmatch(kid):
        raise Refused(Reason.NOT_FOUND, "no key has this id")
    known = {key.kid for key in await call.ports.records.revoked_keys()}
    published = call.ports.published_kids()
    if kid not in published and kid not in known:
        raise Refused(
            Reason.NOT_FOUND, "no key has this id; `ringfence token-keys list` shows those that are published"
        )
    # the block first: should the records be out, its tokens are stopped at least
    await call.ports.fast.block([key_block(kid)], FOR_GOOD, call.now)
    await call.ports.records.revoke_key(RevokedKey(kid=kid, why=why, revoked_at=call.now))
    call.acted("token-key.revoked", kid)
    return Answer({"kid": kid, "revoked": True, "published": kid in published})
