"""Take an access token at an endpoint of our own: genuine, live, and presented by whom it is bound to.  RFC 9449 §7; RFC 8705 §3."""

from ringfence.oauth.exchange import Exchange, Server
from ringfence.oauth.forms import read_pairs
from ringfence.oauth.possession import verify_fresh_proof
from ringfence.oauth.presented import live_access_token
from ringfence.problem import Reason, Refused
from ringfence.proofs.access_token import AccessToken
from ringfence.proofs.authorization import check_scheme, parse_authorization
from ringfence.proofs.dpop import check_binding
from ringfence.proofs.mtls import check_certificate


async def present_token(exchange: Exchange, server: Server, *scopes: str) -> AccessToken:
    """Return the access token that the request presents, if it holds one of the scopes.

    Raises:
        Refused: a TOKEN_…, PROOF_… or CERTIFICATE_… reason, SCHEME_MISMATCH or SCOPE_MISSING.
    """
    request = exchange.request
    if "access_token" in read_pairs(request.query):
        raise Refused(Reason.TOKEN_IN_QUERY, "send it in the Authorization header")
    credentials = parse_authorization(request.all_headers("authorization"))
    token = await live_access_token(credentials.token, server, exchange.now)
    check_scheme(credentials, token)
    check_certificate(token, request.peer)
    if token.jkt:
        check_binding(await verify_fresh_proof(exchange, server, (token, credentials.token)), token)
    if not any(scope in token.scopes for scope in scopes):
        raise Refused(Reason.SCOPE_MISSING, scopes[0])
    return token
