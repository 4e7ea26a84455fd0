"""End tokens and grants before their time, on every gateway worker's next call.  RFC 7009; FAPI 2.0 SP §5.3.4-3."""

from typing import Final

from ringfence.clock import Instant
from ringfence.events.tokens import GrantRevoked
from ringfence.ids import CorrelationId, new_correlation_id
from ringfence.oauth.answers import empty_response
from ringfence.oauth.exchange import Exchange, Outcome, Server, settled
from ringfence.oauth.ports import Ports
from ringfence.oauth.presented import genuine_access_token, known_refresh_token
from ringfence.problem import Reason, Refused
from ringfence.store.blocks import grant_block, token_block
from ringfence.store.consent_events import consent_moved
from ringfence.store.consent_states import ConsentState

BLOCK_SECONDS: Final = 3_660
"""The longest life of an access token that the policy allows, and a minute for clocks that differ."""


async def revoke_grant(
    grant_id: str, why: str, ports: Ports, now: Instant, correlation: CorrelationId | None = None
) -> None:
    """End a grant: its refresh token no longer works, and its access tokens are blocked at the gateway.

    Both are done again when called again: a call that failed half-way can be repeated.

    Raises:
        Unavailable: a store is out; the grant may be ended in one of the two only.
    """
    # the block first: should the records be out, the tokens that are in use are stopped at least
    await ports.fast.block([grant_block(grant_id)], Instant(now + BLOCK_SECONDS), now)
    if not await ports.records.revoke_grant(grant_id, why, now):
        return
    grant, consent = await ports.records.grant(grant_id), await ports.records.consent_of_grant(grant_id)
    correlation = correlation or new_correlation_id(ports.random)
    if consent is not None and consent.state is ConsentState.REVOKED:
        ports.events.emit(consent_moved(consent, correlation, now, why))
    ports.events.emit(
        GrantRevoked(
            at=now,
            correlation=correlation,
            grant=grant_id,
            client=grant.client_id if grant else "",
            user=grant.user_id if grant else "",
            why=why,
        )
    )


async def revoke(exchange: Exchange, server: Server) -> Outcome:
    """Revoke the client's own token; an unknown one is no error (RFC 7009 §2.2).

    A refresh token takes its grant with it, an access token only itself.

    Raises:
        Refused: OAUTH_REQUEST without a token, CLIENT_UNAUTHORIZED for another client's.
    """
    client, now, ports = settled(exchange.client), exchange.now, server.ports
    raw = exchange.parameters.get("token", "")
    if not raw:
        raise Refused(Reason.OAUTH_REQUEST, "token is missing")
    if "." in raw:
        try:
            token = genuine_access_token(raw, server, now)
        except Refused:
            return Outcome(empty_response())
        _require_own(token.client_id, client.client_id)
        await ports.fast.block([token_block(token.jti)], Instant(token.expires_at + server.profile.skew), now)
        return Outcome(empty_response(), token.grant_id, token.user_id)
    kept = await known_refresh_token(raw, server)
    if kept is None:
        return Outcome(empty_response())
    _require_own(kept.client_id, client.client_id)
    await revoke_grant(kept.grant_id, "revoked by the client", ports, now, exchange.request.correlation)
    return Outcome(empty_response(), kept.grant_id, kept.user_id)


def _require_own(owner: str, caller: str) -> None:
    if owner != caller:
        raise Refused(Reason.CLIENT_UNAUTHORIZED, "the token is another client's")
