"""What a customer is asked to allow: the scopes and details that the grant will have, in words.  draft-ietf-oauth-grant-management §5."""

from typing import Any

import msgspec

from ringfence.oauth.checks.acr import require_reached
from ringfence.oauth.checks.authorization_details import NAME, Details, encoded, read_details
from ringfence.oauth.checks.grant_action import CHANGES
from ringfence.oauth.consent_text import text_hash
from ringfence.oauth.exchange import Asked, Exchange, Server, settled
from ringfence.oauth.payment_factor import require_able
from ringfence.oauth.payments import Payment, require_own_grant
from ringfence.oauth.words import Wording, wordings
from ringfence.problem import Reason, Refused
from ringfence.store.model import Grant


class Proposal(msgspec.Struct, frozen=True):
    """A grant as it will be if the customer allows it, and the text that says so."""

    scopes: tuple[str, ...]
    details: Details
    before: Grant | None
    """The grant that it changes."""
    customer: str
    wordings: tuple[Wording, ...]
    text_sha256: str
    payment: Payment | None = None
    """What needs a factor of its own."""


async def propose(exchange: Exchange, server: Server) -> Proposal:
    """Return what the customer who is logged in is asked for.

    For `merge` that is the whole: what the grant has already, and what is asked for.

    Raises:
        Refused: GRANT_ID_INVALID where the grant to change is another's or has ended; AUTHENTICATION_UNMET;
            DETAILS_INVALID as `resulting`.
    """
    require_reached(exchange)
    asked, client, session = settled(exchange.asked), settled(exchange.client), settled(exchange.session)
    user = settled(await server.ports.records.user(session.user_id))
    before = await changed_grant(asked, exchange, server)
    if before is not None and before.user_id != user.user_id:
        raise Refused(Reason.GRANT_ID_INVALID, private="the grant is another customer's")
    scopes, details = resulting(asked, before)
    payment = require_own_grant(details, before, server.profile.detail_types)
    if payment is not None and not server.profile.consent_url:
        await require_able(user, server)
    said = wordings(scopes, details, server.profile.scopes, server.profile.detail_types)
    customer = user.name or user.username
    return Proposal(scopes, details, before, customer, said, text_hash(client.name, customer, said), payment)


async def changed_grant(asked: Asked, exchange: Exchange, server: Server) -> Grant | None:
    """Return the grant that the request is to change, or None where it makes one.

    Raises:
        Refused: GRANT_ID_INVALID, alike for grants that are unknown, another client's or ended.
    """
    if asked.grant_action not in CHANGES:
        return None
    grant = await server.ports.records.grant(asked.grant_id)
    if (
        grant is None
        or grant.client_id != settled(exchange.client).client_id
        or not grant.user_id
        or grant.revoked_at is not None
        or exchange.now >= grant.expires_at
    ):
        raise Refused(Reason.GRANT_ID_INVALID)
    return grant


def read_asked(asked: Asked) -> Details:
    """Return the authorization details of a request that has passed every check."""
    return read_details({NAME: asked.authorization_details})


def resulting(asked: Asked, before: Grant | None) -> tuple[tuple[str, ...], Details]:
    """Return the scopes and details that the grant will have.

    Raises:
        Refused: DETAILS_INVALID where a merged grant would hold more than one request may ask for: all of it
            stands on the page, and in every access token.
    """
    scopes, details = asked.scopes, read_asked(asked)
    if before is None or asked.grant_action != "merge":
        return scopes, details
    scopes = tuple(dict.fromkeys((*before.scopes, *scopes)))
    details = _merged(before.authorization_details, details)
    read_details({NAME: encoded(details)})
    return scopes, details


def _merged(had: Details, asked: Details) -> Details:
    """Return both, what is equal once."""
    by_text: dict[str, dict[str, Any]] = {encoded([detail]): detail for detail in (*had, *asked)}
    return tuple(by_text.values())
