"""A customer's consent becomes a grant with its first code, or a refusal.  RFC 6749 §4.1.2; RFC 9207 §2."""

from ringfence.clock import Instant
from ringfence.events.logins import ConsentDecided
from ringfence.ids import new_id, new_token, token_hash
from ringfence.message import Response
from ringfence.oauth.answers import see_other, with_parameters
from ringfence.oauth.checks.scope import OPENID
from ringfence.oauth.exchange import Asked, Exchange, Server, settled
from ringfence.problem import MEANINGS, Reason, Refused
from ringfence.store.model import Client, Code, Grant

IDENTITY_SENTENCE = "Know who you are"
"""What the consent page says for `openid` where the policy has no words of its own."""


def sentences(asked: Asked, server: Server) -> list[str]:
    """Return what the consent page says, one sentence a scope."""
    known = server.profile.scopes
    return [known.get(scope) or (IDENTITY_SENTENCE if scope == OPENID else scope) for scope in asked.scopes]


async def live_grant(grant_id: str, server: Server, now: Instant) -> Grant:
    """Return a grant that is neither revoked nor expired and whose customer may still log in.

    Raises:
        Refused: GRANT_INVALID.
    """
    grant = await server.ports.records.grant(grant_id)
    if grant is None or grant.revoked_at is not None or now >= grant.expires_at:
        raise Refused(Reason.GRANT_INVALID)
    user = await server.ports.records.user(grant.user_id)
    if user is None or user.status != "active":
        raise Refused(Reason.GRANT_INVALID, private="the customer is disabled or removed")
    return grant


async def allow(exchange: Exchange, server: Server) -> Response:
    """Consume the request, keep the grant and its code, and lead the customer back with the code.

    Raises:
        Refused: REQUEST_URI_INVALID where another answer was quicker.
    """
    client, session, now = settled(exchange.client), settled(exchange.session), exchange.now
    lifetimes, random = server.profile.lifetimes, server.ports.random
    asked = await _consume(exchange, server)
    refreshable = "refresh_token" in client.grant_types
    life = lifetimes.refresh_token_seconds if refreshable else lifetimes.code_seconds + lifetimes.access_token_seconds
    grant = Grant(
        grant_id=new_id("grant", random),
        client_id=client.client_id,
        user_id=session.user_id,
        scopes=asked.scopes,
        created_at=now,
        expires_at=Instant(now + life),
    )
    value = new_token(random)
    code = Code(
        code_hash=token_hash(value),
        grant_id=grant.grant_id,
        client_id=client.client_id,
        user_id=session.user_id,
        redirect_uri=asked.redirect_uri,
        scopes=asked.scopes,
        code_challenge=asked.code_challenge,
        nonce=asked.nonce,
        dpop_jkt=settled(exchange.pushed).dpop_jkt,
        authenticated_at=session.authenticated_at,
        created_at=now,
        expires_at=Instant(now + lifetimes.code_seconds),
    )
    # before it is kept: a consent that cannot be recorded is not given
    server.ports.events.emit(_event(exchange, client, asked, allowed=True, grant=grant.grant_id))
    await server.ports.records.add_grant(grant, code)
    return _back(asked, server, {"code": value})


async def refuse(exchange: Exchange, server: Server) -> Response:
    """Consume the request and lead the customer back with `access_denied`.  Raises Refused REQUEST_URI_INVALID."""
    asked = await _consume(exchange, server)
    server.ports.events.emit(_event(exchange, settled(exchange.client), asked, allowed=False))
    return _refused(asked, server, MEANINGS[Reason.ACCESS_DENIED].oauth, MEANINGS[Reason.ACCESS_DENIED].title)


async def refuse_silent(exchange: Exchange, server: Server) -> Response:
    """Answer `prompt=none`: consent is always asked for, so nothing can be decided without a page.

    OpenID Connect Core §3.1.2.6.
    """
    meaning = MEANINGS[Reason.LOGIN_REQUIRED]
    error = "consent_required" if exchange.session else meaning.oauth
    asked = await _consume(exchange, server)
    return _refused(asked, server, error, meaning.title)


async def _consume(exchange: Exchange, server: Server) -> Asked:
    pushed = settled(exchange.pushed)
    consumed = await server.ports.records.consume_pushed_request(pushed.uri_hash, pushed.client_id, exchange.now)
    if consumed is None:
        raise Refused(Reason.REQUEST_URI_INVALID)
    return settled(exchange.asked)


def _refused(asked: Asked, server: Server, error: str, description: str) -> Response:
    return _back(asked, server, {"error": error, "error_description": description})


def _back(asked: Asked, server: Server, answer: dict[str, str]) -> Response:
    parameters = answer | {"state": asked.state, "iss": server.profile.issuer}
    return see_other(with_parameters(asked.redirect_uri, parameters))


def _event(exchange: Exchange, client: Client, asked: Asked, *, allowed: bool, grant: str = "") -> ConsentDecided:
    return ConsentDecided(
        at=exchange.now,
        correlation=exchange.request.correlation,
        allowed=allowed,
        user=exchange.session.user_id if exchange.session else "",
        client=client.client_id,
        scopes=asked.scopes,
        grant=grant,
        network=exchange.request.peer.address,
    )
