"""Let a client look at its registration, replace it, and end it.  RFC 7592 §2."""

from typing import Final

import msgspec

from ringfence.clients.key_overlap import with_new_keys
from ringfence.clock import Instant
from ringfence.ids import new_token, token_hash
from ringfence.oauth.answers import empty_response, json_response
from ringfence.oauth.exchange import Exchange, Outcome, Server
from ringfence.oauth.json_body import read_object
from ringfence.oauth.pace import require_pace
from ringfence.oauth.register import (
    STATEMENT_MEMBER,
    already_there,
    managed,
    require_registration,
    stated,
    told,
)
from ringfence.oauth.registering import judge_metadata
from ringfence.oauth.registration_tokens import refused_token, registered
from ringfence.oauth.revoke import BLOCK_SECONDS, revoke_grant
from ringfence.oauth.trusted_statements import CompiledRegistration, Vouched
from ringfence.problem import Reason, Refused
from ringfence.store.blocks import client_block
from ringfence.store.interface import AlreadyThere
from ringfence.store.model import Client
from ringfence.store.registrations import Registration

_OURS: Final = (
    "registration_access_token",
    "registration_client_uri",
    "client_secret_expires_at",
    "client_id_issued_at",
    "client_secret",
)
"""Members that a replacement must not hold (RFC 7592 §2.2); secrets are given to no client."""

_FETCHED: Final = ("logo_uri", "sector_identifier_uri", STATEMENT_MEMBER)
"""Members for which we connect to somebody else's server."""

_FETCH_PACE: Final = (10.0, 10)
"""Replacements with such members from one network: a client must not aim our connections at others."""

_NO_CONTENT: Final = 204
_FORBIDDEN: Final = 403

MOST_GRANTS: Final = 100_000
"""Grants of one client that are ended with it, the newest."""


async def manage_registration(exchange: Exchange, server: Server) -> Outcome:
    """Do what the request's method says with the client that its token belongs to.

    Raises:
        Refused: UNKNOWN_PATH, REGISTRATION_TOKEN; CLIENT_UNAUTHORIZED for a client that is suspended or
            revoked; as `register` for a replacement.
    """
    compiled = require_registration(server)
    client, registration = await registered(exchange, server)
    if exchange.request.method == "DELETE":
        return await _end(client, registration, exchange, server)
    _require_active(client)
    if exchange.request.method == "PUT":
        return await _replace(client, registration, compiled, exchange, server)
    return Outcome(json_response(told(client, registration, "", server.profile)))


async def _replace(
    client: Client,
    registration: Registration,
    compiled: CompiledRegistration,
    exchange: Exchange,
    server: Server,
) -> Outcome:
    """Replace all of the registration; the token that was presented counts no more."""
    ports, now = server.ports, exchange.now
    document = read_object(exchange.request)
    for name in _OURS:
        if document.get(name) is not None:
            raise Refused(Reason.CLIENT_METADATA, f"{name} is not for the client to say (RFC 7592 section 2.2)")
    if document.get("client_id") != client.client_id:
        raise Refused(Reason.CLIENT_METADATA, "client_id has to be the one of this registration")
    if any(document.get(name) or registration.statement_claims.get(name) for name in _FETCHED):
        await require_pace("registration fetch", *_FETCH_PACE, exchange, server)
    statement = await stated(document, compiled, exchange, server)
    _check_same_software(statement, registration)
    claims = statement.claims if statement else registration.statement_claims
    judged = await judge_metadata(document, claims, compiled, ports.fetcher, client.client_id, now)
    if (judged.client.subject_type, judged.client.sector) != (client.subject_type, client.sector):
        raise Refused(
            Reason.CLIENT_METADATA, "subject_type and sector stay: the client would know its customers no more"
        )
    # what is not the client's to say stays
    changed = msgspec.structs.replace(
        judged.client,
        status=client.status,
        access_token_seconds=client.access_token_seconds,
        certificate_expires_at=client.certificate_expires_at,
        created_at=client.created_at,
    )
    changed = with_new_keys(client, changed, server.profile.clients.key_overlap_seconds, now)
    token = new_token(ports.random)
    renewed = msgspec.structs.replace(
        registration, token_hash=token_hash(token), described=judged.described, changed_at=now
    )
    if statement is not None:
        renewed = msgspec.structs.replace(
            renewed, statement_claims=claims, statement_expires_at=statement.statement.expires_at
        )
    ports.events.emit(managed(exchange, "replaced", changed, renewed))
    try:
        won = await ports.records.replace_registration(changed, renewed, registration.token_hash, judged.logo)
    except AlreadyThere as there:
        raise already_there(there) from None
    if not won:
        raise refused_token()  # another request was quicker with this token, or the client has been stopped
    body = told(changed, renewed, token, server.profile)
    if statement is not None:
        body[STATEMENT_MEMBER] = document[STATEMENT_MEMBER]
    return Outcome(json_response(body))


async def _end(client: Client, registration: Registration, exchange: Exchange, server: Server) -> Outcome:
    """Revoke the client with every grant; safe to repeat where a store was out half-way.

    The records come first, so that of this and a replacement one wins. Then the block: the gateway's next call
    is refused. The token goes last.
    """
    ports, now = server.ports, exchange.now
    if client.status == "suspended":
        _require_active(client)
    if client.status == "active":
        ports.events.emit(managed(exchange, "ended", client, registration))
        if not await ports.records.end_registration(client.client_id, registration.token_hash):
            raise refused_token()
    await ports.fast.block([client_block(client.client_id)], Instant(now + BLOCK_SECONDS), now)
    for grant in await ports.records.list_grants(client_id=client.client_id, limit=MOST_GRANTS):
        if grant.revoked_at is None:
            await revoke_grant(grant.grant_id, "the client ended", ports, now, exchange.request.correlation)
    await ports.records.forget_registration(client.client_id)
    return Outcome(empty_response(_NO_CONTENT))


def _require_active(client: Client) -> None:
    if client.status != "active":
        raise Refused(
            Reason.CLIENT_UNAUTHORIZED, f"the client is {client.status}: ask who runs this server", status=_FORBIDDEN
        )


def _check_same_software(statement: Vouched | None, registration: Registration) -> None:
    """Return unless a statement speaks of other software than the one that the client was registered with."""
    if statement is None:
        return
    if not registration.statement_issuer:
        raise Refused(Reason.STATEMENT_INVALID, "this client was registered without a statement: leave it out")
    known = (registration.statement_issuer, registration.software_id)
    # without a software_id nothing says that two statements are about one thing
    if not registration.software_id or known != (statement.statement.issuer, statement.software_id):
        raise Refused(Reason.STATEMENT_INVALID, "it is about other software than this client's")
