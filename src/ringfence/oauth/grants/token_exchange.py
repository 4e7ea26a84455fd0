"""Exchange another client's access token for one of the own, with less in it, that says who acts.  RFC 8693.

Nobody is impersonated: the new token names the customer as before, and the whole line of those who act. It hangs
on the same grant, login and clients, so that whatever ends the old one ends the new one too, at once.
"""

from typing import Final

from ringfence.oauth.checks.authorization_details import narrow_details
from ringfence.oauth.checks.exchange_target import ACCESS_TOKEN_TYPE, require_target
from ringfence.oauth.checks.may_act import lesser_details, lesser_scopes, require_may_act
from ringfence.oauth.exchange import Exchange, Server, settled
from ringfence.oauth.grants.interface import GrantType, Issued
from ringfence.oauth.presented import live_access_token
from ringfence.oauth.tokens import Granted, token_response
from ringfence.problem import Reason, Refused

_NOT_ABOUT_IT: Final = frozenset({Reason.UNAVAILABLE, Reason.INTERNAL})
"""Reasons that are not about the token."""


async def issue(exchange: Exchange, server: Server) -> Issued:
    """Return an access token of this client's own, bound to what it has proven to hold.

    Raises:
        Refused: OAUTH_REQUEST, TARGET_INVALID, SUBJECT_TOKEN_INVALID, CLIENT_UNAUTHORIZED, SCOPE_INVALID or
            DETAILS_INVALID.
    """
    client, now, profile = settled(exchange.client), exchange.now, server.profile
    raw = require_target(exchange.parameters, profile.audience)
    if not any(rule.actor == client.client_id for rule in profile.may_act):
        # before the token is looked at: who may exchange nothing learns nothing about it
        raise Refused(Reason.CLIENT_UNAUTHORIZED, "the policy does not let it exchange tokens")
    try:
        token = await live_access_token(raw, server, now)
    except Refused as refused:
        if refused.reason in _NOT_ABOUT_IT:
            raise
        raise Refused(Reason.SUBJECT_TOKEN_INVALID, private=refused.reason.value) from None
    rule = require_may_act(client.client_id, token, profile.may_act)
    scopes = lesser_scopes(exchange.parameters, token.scopes, rule)
    details = narrow_details(exchange.parameters, lesser_details(token.authorization_details, rule))
    if not scopes and not details:
        raise Refused(Reason.SCOPE_INVALID, "nothing that the token holds may be passed on")
    granted = Granted(
        client,
        token.grant_id,
        token.user_id,
        scopes,
        exchange.binding,
        token.expires_at,
        token.auth_time,
        details,
        token.acr,
        sid=token.sid,
        actors=(client.client_id, *(token.actors or (token.client_id,))),
        dated=int(token.issued_at),
    )
    body = await token_response(granted, server, now)
    del body["grant_id"]  # the grant is the first client's to manage
    return Issued(body | {"issued_token_type": ACCESS_TOKEN_TYPE}, token.grant_id, token.user_id, scopes)


TOKEN_EXCHANGE: Final = GrantType("urn:ietf:params:oauth:grant-type:token-exchange", issue)
