"""Let a client register itself, by invitation, by a software statement, or both.  RFC 7591 §3."""

from typing import Any, Final

from ringfence.clients.metadata import as_metadata
from ringfence.events.clients import ClientManaged
from ringfence.ids import new_id, new_token, token_hash
from ringfence.oauth.answers import json_response
from ringfence.oauth.endpoints import Endpoint, url_of
from ringfence.oauth.exchange import Exchange, Outcome, Server
from ringfence.oauth.json_body import read_object
from ringfence.oauth.pace import require_pace
from ringfence.oauth.profile import Profile
from ringfence.oauth.registering import judge_metadata
from ringfence.oauth.registration_tokens import bearer, refused_token
from ringfence.oauth.trusted_statements import CompiledRegistration, Vouched, vouched
from ringfence.problem import Reason, Refused
from ringfence.store.interface import AlreadyThere
from ringfence.store.model import Client
from ringfence.store.registrations import STATEMENT, Permission, Registration, UsedStatement

STATEMENT_MEMBER: Final = "software_statement"

_PACE: Final = (10.0, 20)
"""Attempts from one network: one in 10 s, 20 at once. A partner registers a handful of clients in its life."""

_CREATED: Final = 201


async def register(exchange: Exchange, server: Server) -> Outcome:
    """Keep a client and return what was registered, with the token to manage it by.

    Raises:
        Refused: UNKNOWN_PATH where clients do not register themselves; REGISTRATION_TOKEN, CLIENT_METADATA,
            REDIRECT_URI_UNFIT, STATEMENT_INVALID, STATEMENT_UNAPPROVED, RATE_LIMITED, or as reading JSON does.
    """
    compiled, ports, now = require_registration(server), server.ports, exchange.now
    await require_pace("register", *_PACE, exchange, server)
    invitation = await _invited(exchange, server, compiled)
    document = read_object(exchange.request)
    statement = await stated(document, compiled, exchange, server)
    if statement is None and "statement" in compiled.rule.require:
        known = ", ".join(compiled.issuers)
        raise Refused(Reason.STATEMENT_INVALID, f"send a software_statement of one of these issuers: {known}")
    client_id = new_id("client", ports.random)
    claims = statement.claims if statement else {}
    judged = await judge_metadata(document, claims, compiled, ports.fetcher, client_id, now)
    token = new_token(ports.random)
    registration = Registration(
        client_id=client_id,
        token_hash=token_hash(token),
        statement_issuer=statement.statement.issuer if statement else "",
        software_id=statement.software_id if statement else "",
        statement_claims=claims,
        statement_expires_at=statement.statement.expires_at if statement else None,
        described=judged.described,
        created_at=now,
        changed_at=now,
    )
    ports.events.emit(managed(exchange, "registered", judged.client, registration))
    permission = Permission(invitation, used_statement(statement, client_id))
    try:
        if not await ports.records.register_client(judged.client, registration, permission, judged.logo, now):
            raise refused_token("the invitation has been used up")
    except AlreadyThere as there:
        raise already_there(there) from None
    body = told(judged.client, registration, token, server.profile)
    if statement is not None:
        body[STATEMENT_MEMBER] = document[STATEMENT_MEMBER]  # unmodified (RFC 7591 §3.2.1)
    return Outcome(json_response(body, status=_CREATED), scopes=judged.client.scopes)


def require_registration(server: Server) -> CompiledRegistration:
    """Return how clients register themselves.  Raises Refused UNKNOWN_PATH where they do not."""
    if server.profile.registration is None:
        raise Refused(Reason.UNKNOWN_PATH)
    return server.profile.registration


async def stated(
    document: dict[str, Any], compiled: CompiledRegistration, exchange: Exchange, server: Server
) -> Vouched | None:
    """Return what the request's software statement says, verified; None without one.  Raises Refused."""
    if document.get(STATEMENT_MEMBER) is None:
        return None
    return await vouched(document[STATEMENT_MEMBER], compiled, server.ports.client_keys, exchange.now)


def used_statement(statement: Vouched | None, client_id: str) -> UsedStatement | None:
    """Return the mark that a statement has been used."""
    if statement is None:
        return None
    found = statement.statement
    return UsedStatement(statement_hash=found.statement_hash, client_id=client_id, expires_at=found.counts_until)


def told(client: Client, registration: Registration, token: str, profile: Profile) -> dict[str, Any]:
    """Return the client information response.  RFC 7591 §3.2.1; RFC 7592 §3."""
    body = as_metadata(client, registration.described, profile.signing_algorithm)
    body["registration_client_uri"] = f"{url_of(profile, Endpoint.REGISTRATION)}/{client.client_id}"
    return body | ({"registration_access_token": token} if token else {})


def managed(exchange: Exchange, action: str, client: Client, registration: Registration) -> ClientManaged:
    """Return the event of what a client does with its registration."""
    return ClientManaged(
        at=exchange.now,
        correlation=exchange.request.correlation,
        action=action,
        client=client.client_id,
        name=client.name,
        statement_issuer=registration.statement_issuer,
        software_id=registration.software_id,
        network=exchange.request.peer.address,
    )


def already_there(there: AlreadyThere) -> Refused:
    """Return the refusal of a name or statement that is taken."""
    if str(there) == STATEMENT:
        return Refused(Reason.STATEMENT_INVALID, "it has been used for a client already: get a new one from its issuer")
    return Refused(Reason.CLIENT_METADATA, "client_name is that of another client, or looks like it: choose another")


async def _invited(exchange: Exchange, server: Server, compiled: CompiledRegistration) -> str:
    """Return the hash of the invitation that the request presents; empty where none is needed or presented."""
    presented = bearer(exchange.request)
    if not presented and "invitation" not in compiled.rule.require:
        return ""
    if not presented or await server.ports.records.invitation(presented, exchange.now) is None:
        raise refused_token("ask for an invitation (an initial access token), and send it as Authorization: Bearer")
    return presented
