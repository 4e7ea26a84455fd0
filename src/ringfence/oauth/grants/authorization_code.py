"""Redeem an authorization code, once.  RFC 6749 §4.1.3; RFC 7636 §4.6; RFC 9449 §10; FAPI 2.0 SP §5.3.2.2-9."""

from typing import Final

from ringfence.ids import new_token, token_hash
from ringfence.oauth.checks.authorization_details import narrow_details
from ringfence.oauth.checks.pkce import require_verifier
from ringfence.oauth.checks.proof_key import require_bound_key
from ringfence.oauth.checks.scope import OPENID
from ringfence.oauth.consents import live_grant
from ringfence.oauth.exchange import Exchange, Server, settled
from ringfence.oauth.grants.interface import GrantType, Issued
from ringfence.oauth.payments import consent_behind
from ringfence.oauth.revoke import revoke_grant
from ringfence.oauth.superseding import supersedes_from
from ringfence.oauth.tokens import Granted, refresh_token, token_response
from ringfence.problem import Reason, Refused
from ringfence.store.model import Code


async def issue(exchange: Exchange, server: Server) -> Issued:
    """Return tokens for a code that is this client's, fresh, and presented with its verifier and key.

    Raises:
        Refused: GRANT_INVALID, PROOF_KEY, DETAILS_INVALID, OAUTH_REQUEST; GRANT_REPLAYED after revoking the grant.
    """
    client, now, records = settled(exchange.client), exchange.now, server.ports.records
    presented = exchange.parameters.get("code", "")
    if not presented:
        raise Refused(Reason.OAUTH_REQUEST, "code is missing")
    code = await records.code(token_hash(presented))
    if code is None or code.client_id != client.client_id:
        raise Refused(Reason.GRANT_INVALID)
    if code.consumed_at is not None:
        await _end_replayed(code, exchange, server)
    _check_code(code, exchange)
    grant = await live_grant(code.grant_id, server, now)
    refresh = new_token(server.ports.random) if "refresh_token" in client.grant_types else ""
    details = narrow_details(exchange.parameters, grant.authorization_details)
    granted = Granted(
        client,
        grant.grant_id,
        code.user_id,
        code.scopes,
        exchange.binding,
        grant.expires_at,
        code.authenticated_at,
        details,
        code.acr,
        await consent_behind(details, grant.grant_id, server),
        code.amr,
        code.sid,
        dated=supersedes_from(code.created_at) if grant.created_at < code.created_at else 0,
    )
    if code.sid and OPENID in code.scopes and not await records.note_session_client(code.sid, client.client_id, now):
        raise Refused(Reason.GRANT_INVALID, "the customer has logged out")
    # signed before the code is spent, so that a signer that fails costs the customer nothing
    nonce = code.nonce if OPENID in code.scopes else None
    body = await token_response(granted, server, now, refresh=refresh, id_token_nonce=nonce)
    kept = refresh_token(refresh, granted, now) if refresh else None
    if await records.redeem_code(code.code_hash, client.client_id, now, kept) is None:
        # somebody was quicker with the same code, or the grant has just been revoked
        await _end_replayed(code, exchange, server)
    return Issued(body, grant.grant_id, code.user_id, code.scopes)


def _check_code(code: Code, exchange: Exchange) -> None:
    parameters = exchange.parameters
    if exchange.now >= code.expires_at:
        raise Refused(Reason.GRANT_INVALID, "the code has expired")
    if parameters.get("redirect_uri", "") != code.redirect_uri:
        raise Refused(Reason.GRANT_INVALID, "redirect_uri is not the one of the authorization request")
    require_verifier(parameters, code.code_challenge)
    require_bound_key(code.dpop_jkt, exchange.binding.jkt)


async def _end_replayed(code: Code, exchange: Exchange, server: Server) -> None:
    await revoke_grant(code.grant_id, "code replayed", server.ports, exchange.now, exchange.request.correlation)
    raise Refused(Reason.GRANT_REPLAYED)


AUTHORIZATION_CODE: Final = GrantType("authorization_code", issue)
