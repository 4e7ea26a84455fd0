"""Let a client look at its grants and give them back.  draft-ietf-oauth-grant-management §6."""

from typing import Any, Final

from ringfence.oauth.answers import empty_response, json_response
from ringfence.oauth.checks.scope import GRANT_QUERY, GRANT_REVOKE
from ringfence.oauth.exchange import Exchange, Outcome, Server
from ringfence.oauth.protected import present_token
from ringfence.oauth.revoke import revoke_grant
from ringfence.problem import Reason, Refused
from ringfence.store.model import Consent, Grant

_SCOPES: Final = {"GET": GRANT_QUERY, "HEAD": GRANT_QUERY, "DELETE": GRANT_REVOKE}

_NO_CONTENT: Final = 204


async def manage_grant(exchange: Exchange, server: Server) -> Outcome:
    """Tell what a grant allows (GET), or end it (DELETE).

    Raises:
        Refused: as `present_token`; NOT_FOUND, alike for grants that are unknown, another client's or ended.
    """
    method = exchange.request.method
    token = await present_token(exchange, server, _SCOPES[method])
    grant = await server.ports.records.grant(exchange.request.path.rpartition("/")[2])
    if (
        grant is None
        or grant.client_id != token.client_id
        or not grant.user_id
        or grant.revoked_at is not None
        or exchange.now >= grant.expires_at
    ):
        raise Refused(Reason.NOT_FOUND, "no grant of this client has this id")
    if method == "DELETE":
        why = "given back by the client"
        await revoke_grant(grant.grant_id, why, server.ports, exchange.now, exchange.request.correlation)
        return Outcome(empty_response(_NO_CONTENT), grant.grant_id, grant.user_id)
    consent = await server.ports.records.consent_of_grant(grant.grant_id)
    return Outcome(json_response(_told(grant, consent, server)), grant.grant_id, grant.user_id)


def _told(grant: Grant, consent: Consent | None, server: Server) -> dict[str, Any]:
    """Return what stands in a grant, and in which state its consent is; nothing of the customer."""
    return {
        "scopes": [{"scope": " ".join(grant.scopes), "resources": [server.profile.audience]}] if grant.scopes else [],
        "claims": [],
        "authorization_details": grant.authorization_details,
        **({"consent_id": consent.consent_id, "consent_state": consent.state.value} if consent else {}),
    }
