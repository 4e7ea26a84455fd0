"""Take an authorization request over the back channel.  RFC 9126; FAPI 2.0 SP §5.3.2.2."""

from typing import Final

import msgspec

from ringfence.clock import Instant
from ringfence.ids import new_token, token_hash
from ringfence.oauth.answers import json_response
from ringfence.oauth.asked_for import open_consent
from ringfence.oauth.checks.echoed import require_echoable
from ringfence.oauth.checks.grant_action import require_grant_action
from ringfence.oauth.checks.pkce import require_challenge
from ringfence.oauth.checks.prompt import require_max_age, require_prompt
from ringfence.oauth.checks.proof_key import require_one_key
from ringfence.oauth.checks.redirect_uri import require_redirect_uri
from ringfence.oauth.checks.response_type import require_code, require_response_mode
from ringfence.oauth.exchange import Binding, Exchange, Outcome, Server, settled
from ringfence.oauth.payments import require_own_grant
from ringfence.oauth.profile import INTERACTION_SECONDS
from ringfence.oauth.proposals import changed_grant, resulting
from ringfence.store.consent_events import consent_moved
from ringfence.store.model import PushedRequest

URN: Final = "urn:ietf:params:oauth:request_uri:"
"""RFC 9126 §2.2."""

_CREATED: Final = 201


async def check_request(exchange: Exchange, server: Server) -> Exchange:
    """Return the exchange with what only a request by redirect has, every parameter checked.  Raises Refused."""
    client, parameters = settled(exchange.client), exchange.parameters
    require_code(parameters)
    action, grant_id = require_grant_action(parameters)
    asked = msgspec.structs.replace(
        settled(exchange.asked),
        redirect_uri=require_redirect_uri(parameters.get("redirect_uri", ""), client.redirect_uris),
        code_challenge=require_challenge(parameters),
        state=require_echoable(parameters, "state"),
        nonce=require_echoable(parameters, "nonce"),
        prompt=require_prompt(parameters),
        max_age=require_max_age(parameters),
        grant_action=action,
        grant_id=grant_id,
        response_mode=require_response_mode(parameters, client.response_modes),
    )
    before = await changed_grant(asked, exchange, server)
    # told now rather than when the customer is there
    require_own_grant(resulting(asked, before)[1], before, server.profile.detail_types)
    return msgspec.structs.replace(exchange, asked=asked)


async def bind_key(exchange: Exchange, server: Server) -> Exchange:  # noqa: ARG001 - every step has one signature
    """Return the exchange with the key that the code will be bound to.  RFC 9449 §10.1.  Raises Refused."""
    jkt = require_one_key(exchange.parameters, exchange.binding.jkt)
    return msgspec.structs.replace(exchange, binding=Binding(jkt=jkt))


async def keep_request(exchange: Exchange, server: Server) -> Outcome:
    """Keep the request and return the `request_uri` that stands for it."""
    body = {
        "request_uri": URN + await keep_pushed(exchange, server),
        "expires_in": server.profile.lifetimes.pushed_request_seconds,
    }
    return Outcome(json_response(body, status=_CREATED), scopes=settled(exchange.asked).scopes)


async def keep_pushed(exchange: Exchange, server: Server) -> str:
    """Keep the request with the consent that it asks for, and return the reference that stands for it."""
    asked, client, now = settled(exchange.asked), settled(exchange.client), exchange.now
    reference = new_token(server.ports.random)
    lifetime = server.profile.lifetimes.pushed_request_seconds
    # the client has `lifetime` to send the customer here; the customer then has time to answer
    expires_at = Instant(now + lifetime + INTERACTION_SECONDS)
    consent = open_consent(exchange, server, expires_at)
    pushed = PushedRequest(
        uri_hash=token_hash(reference),
        client_id=client.client_id,
        consent_id=consent.consent_id,
        parameters=msgspec.to_builtins(asked),
        dpop_jkt=exchange.binding.jkt,
        created_at=now,
        expires_at=expires_at,
    )
    await server.ports.records.add_pushed_request(pushed, consent)
    server.ports.events.emit(consent_moved(consent, exchange.request.correlation, now))
    return reference


def last_visit(pushed: PushedRequest, server: Server) -> Instant:
    """Return until when the customer has to arrive: the end of the `expires_in` that the client was told."""
    return Instant(pushed.created_at + server.profile.lifetimes.pushed_request_seconds)
