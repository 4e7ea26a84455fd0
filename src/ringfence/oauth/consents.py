"""A customer's consent becomes a grant with its first code, or a refusal.  RFC 6749 §4.1.2; RFC 9207 §2."""

from typing import Final

import msgspec

from ringfence.clock import Instant
from ringfence.events.logins import ConsentDecided
from ringfence.ids import new_id, new_token, token_hash
from ringfence.message import Response
from ringfence.oauth.authentication_code import authentication_code
from ringfence.oauth.authorization_response import lead_back
from ringfence.oauth.consent_text import TEXT_VERSION
from ringfence.oauth.exchange import Asked, Exchange, Server, settled
from ringfence.oauth.proposals import Proposal, propose
from ringfence.oauth.superseding import supersede, supersedes_from
from ringfence.oauth.tokens import grant_seconds
from ringfence.problem import MEANINGS, Reason, Refused
from ringfence.store.consent_events import consent_moved
from ringfence.store.consent_states import ConsentState
from ringfence.store.model import Client, Code, Consent, Grant

_UNASKED: Final = (Reason.GRANT_ID_INVALID, Reason.DETAILS_INVALID, Reason.AUTHENTICATION_UNMET)
"""Refusals that the client is told of, and that the customer could do nothing about."""


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


async def allow(exchange: Exchange, server: Server, proposal: Proposal, factor: str = "") -> Response:
    """Consume the request, keep consent, grant and code, and lead the customer back with the code.

    `factor` is the method by which the customer approved the payment, where there is one.

    Raises:
        Refused: REQUEST_URI_INVALID where another answer was quicker, or the grant to change has changed.
    """
    client, now, ports = settled(exchange.client), exchange.now, server.ports
    asked = await _consume(exchange, server)
    consent, former = await _awaiting(exchange, server), None
    if proposal.before is not None:
        former = await ports.records.consent_of_grant(proposal.before.grant_id)
    grant = _grant(exchange, server, proposal)
    value = new_token(ports.random)
    code = _code(value, grant, exchange, server)
    decided = _decided(consent, ConsentState.AUTHORISED, proposal, exchange, grant)
    if proposal.payment is not None:
        signed = await authentication_code(proposal.payment, decided, factor, exchange, server)
        decided = msgspec.structs.replace(decided, authentication_code=signed)
    replaced = proposal.before.grant_id if proposal.before and asked.grant_action == "replace" else ""
    if replaced:  # before it is kept: what the customer takes away ends, should the rest go wrong
        await supersede(replaced, now, ports.fast, now)
    # before it is kept: a consent that cannot be recorded is not given
    ports.events.emit(_event(exchange, client, proposal.scopes, allowed=True, grant=grant.grant_id))
    if not await ports.records.authorise_consent(decided, grant, code, proposal.before):
        raise Refused(Reason.REQUEST_URI_INVALID)
    if replaced and ports.clock() >= supersedes_from(now):  # keeping it took so long that tokens may have been issued
        await supersede(replaced, now, ports.fast, ports.clock())
    if former is not None and former.state is ConsentState.AUTHORISED:
        ended = msgspec.structs.replace(former, state=ConsentState.REVOKED)
        ports.events.emit(consent_moved(ended, exchange.request.correlation, now, f"{asked.grant_action} of the grant"))
    ports.events.emit(consent_moved(decided, exchange.request.correlation, now))
    return await lead_back(asked, client.client_id, server, now, {"code": value})


async def refuse(exchange: Exchange, server: Server, proposal: Proposal) -> Response:
    """Consume the request and lead the customer back with `access_denied`.  Raises Refused REQUEST_URI_INVALID."""
    asked = await _consume(exchange, server)
    decided = _decided(await _awaiting(exchange, server), ConsentState.REJECTED, proposal, exchange, None)
    server.ports.events.emit(_event(exchange, settled(exchange.client), asked.scopes, allowed=False))
    if await server.ports.records.reject_consent(decided):
        server.ports.events.emit(consent_moved(decided, exchange.request.correlation, exchange.now))
    denied = MEANINGS[Reason.ACCESS_DENIED]
    return await _refused(asked, exchange, server, denied.oauth, denied.title)


async def propose_or_refuse(exchange: Exchange, server: Server) -> Proposal | Response:
    """Return what the customer is asked for, or the way back to a client that asks what cannot be.  Raises Refused."""
    try:
        return await propose(exchange, server)
    except Refused as refused:
        if refused.reason not in _UNASKED:
            raise
        return await refuse_with(exchange, server, refused.oauth, MEANINGS[refused.reason].title)


async def refuse_with(exchange: Exchange, server: Server, error: str, description: str) -> Response:
    """Consume the request and lead the customer back with an OAuth error.  Raises Refused REQUEST_URI_INVALID."""
    return await _refused(await _consume(exchange, server), exchange, server, error, description)


async def refuse_silent(exchange: Exchange, server: Server) -> Response:
    """Answer `prompt=none`: consent is always asked for, so nothing can be decided without a page.

    OpenID Connect Core §3.1.2.6.
    """
    meaning = MEANINGS[Reason.LOGIN_REQUIRED]
    error = "consent_required" if exchange.session else meaning.oauth
    asked = await _consume(exchange, server)
    return await _refused(asked, exchange, server, error, meaning.title)


async def _consume(exchange: Exchange, server: Server) -> Asked:
    pushed = settled(exchange.pushed)
    consumed = await server.ports.records.consume_pushed_request(pushed.uri_hash, pushed.client_id, exchange.now)
    if consumed is None:
        raise Refused(Reason.REQUEST_URI_INVALID)
    return settled(exchange.asked)


async def _refused(asked: Asked, exchange: Exchange, server: Server, error: str, description: str) -> Response:
    answer = {"error": error, "error_description": description}
    return await lead_back(asked, settled(exchange.client).client_id, server, exchange.now, answer)


async def _awaiting(exchange: Exchange, server: Server) -> Consent:
    consent = await server.ports.records.consent(settled(exchange.pushed).consent_id)
    if consent is None:
        raise Refused(Reason.REQUEST_URI_INVALID)
    return consent


def _grant(exchange: Exchange, server: Server, proposal: Proposal) -> Grant:
    client, now, lifetimes = settled(exchange.client), exchange.now, server.profile.lifetimes
    life = grant_seconds(client, lifetimes, lifetimes.code_seconds)
    before = proposal.before
    return Grant(
        grant_id=before.grant_id if before else new_id("grant", server.ports.random),
        client_id=client.client_id,
        user_id=settled(exchange.session).user_id,
        scopes=proposal.scopes,
        authorization_details=proposal.details,
        created_at=before.created_at if before else now,
        expires_at=Instant(now + life),
    )


def _code(value: str, grant: Grant, exchange: Exchange, server: Server) -> Code:
    asked, now = settled(exchange.asked), exchange.now
    return Code(
        code_hash=token_hash(value),
        grant_id=grant.grant_id,
        client_id=grant.client_id,
        user_id=grant.user_id,
        redirect_uri=asked.redirect_uri,
        scopes=grant.scopes,
        code_challenge=asked.code_challenge,
        nonce=asked.nonce,
        dpop_jkt=settled(exchange.pushed).dpop_jkt,
        authenticated_at=settled(exchange.session).authenticated_at,
        acr=settled(exchange.session).acr,
        amr=settled(exchange.session).amr,
        sid=settled(exchange.session).sid,
        created_at=now,
        expires_at=Instant(now + server.profile.lifetimes.code_seconds),
    )


def _decided(
    consent: Consent, state: ConsentState, proposal: Proposal, exchange: Exchange, grant: Grant | None
) -> Consent:
    return msgspec.structs.replace(
        consent,
        user_id=settled(exchange.session).user_id,
        grant_id=grant.grant_id if grant else "",
        state=state,
        scopes=proposal.scopes,
        authorization_details=proposal.details,
        text_version=TEXT_VERSION,
        text_sha256=proposal.text_sha256,
        decided_at=exchange.now,
        changed_at=exchange.now,
        expires_at=_end(consent, proposal, exchange.now, grant),
    )


def _end(consent: Consent, proposal: Proposal, now: Instant, grant: Grant | None) -> Instant:
    """Return until when a decided consent is worth anything: a payment's ends soon, though its grant goes on."""
    if grant is None:
        return consent.expires_at
    if proposal.payment is None:
        return grant.expires_at
    return Instant(min(grant.expires_at, now + proposal.payment.valid_seconds))


def _event(
    exchange: Exchange, client: Client, scopes: tuple[str, ...], *, allowed: bool, grant: str = ""
) -> ConsentDecided:
    return ConsentDecided(
        at=exchange.now,
        correlation=exchange.request.correlation,
        allowed=allowed,
        user=exchange.session.user_id if exchange.session else "",
        client=client.client_id,
        scopes=scopes,
        grant=grant,
        network=exchange.request.peer.address,
    )
