"""Take an authorization request over the back channel.  RFC 9126; FAPI 2.0 SP §5.3.2.2."""

from typing import Final

import msgspec

from ringfence.clock import Instant
from ringfence.ids import new_id, new_token, token_hash
from ringfence.oauth.answers import json_response
from ringfence.oauth.checks.acr import require_acr_values
from ringfence.oauth.checks.authorization_details import NAME, encoded, read_details, require_details
from ringfence.oauth.checks.client_status import require_grant_type
from ringfence.oauth.checks.echoed import require_echoable
from ringfence.oauth.checks.grant_action import require_grant_action
from ringfence.oauth.checks.pkce import require_challenge
from ringfence.oauth.checks.prompt import require_max_age, require_prompt
from ringfence.oauth.checks.proof_key import require_one_key
from ringfence.oauth.checks.redirect_uri import require_redirect_uri
from ringfence.oauth.checks.response_type import require_code, require_response_mode
from ringfence.oauth.checks.scope import customer_scopes
from ringfence.oauth.exchange import Asked, Binding, Exchange, Outcome, Server, settled
from ringfence.oauth.payments import require_own_grant
from ringfence.oauth.profile import INTERACTION_SECONDS
from ringfence.oauth.proposals import changed_grant, resulting
from ringfence.oauth.tokens import login_classes
from ringfence.store.consent_events import consent_moved
from ringfence.store.model import Consent, PushedRequest

URN: Final = "urn:ietf:params:oauth:request_uri:"
"""RFC 9126 §2.2."""

_CREATED: Final = 201


async def check_request(exchange: Exchange, server: Server) -> Exchange:
    """Return the exchange with the authorization request, every parameter checked.  Raises Refused."""
    client, parameters = settled(exchange.client), exchange.parameters
    require_grant_type(client, "authorization_code")
    require_code(parameters)
    details = require_details(parameters, server.profile.detail_types, client.authorization_details_types)
    action, grant_id = require_grant_action(parameters)
    asked = Asked(
        redirect_uri=require_redirect_uri(parameters.get("redirect_uri", ""), client.redirect_uris),
        scope=" ".join(customer_scopes(parameters, server.profile.scopes, client.scopes, needed=not details)),
        code_challenge=require_challenge(parameters),
        state=require_echoable(parameters, "state"),
        nonce=require_echoable(parameters, "nonce"),
        prompt=require_prompt(parameters),
        max_age=require_max_age(parameters),
        acr_values=require_acr_values(parameters, login_classes(server.profile)),
        authorization_details=encoded(details),
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
    asked, client, now = settled(exchange.asked), settled(exchange.client), exchange.now
    reference = new_token(server.ports.random)
    lifetime = server.profile.lifetimes.pushed_request_seconds
    # the client has `lifetime` to send the customer here; the customer then has time to answer
    expires_at = Instant(now + lifetime + INTERACTION_SECONDS)
    consent = Consent(
        consent_id=new_id("consent", server.ports.random),
        client_id=client.client_id,
        scopes=asked.scopes,
        authorization_details=read_details({NAME: asked.authorization_details}),
        created_at=now,
        changed_at=now,
        expires_at=expires_at,
    )
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
    body = {"request_uri": URN + reference, "expires_in": lifetime}
    return Outcome(json_response(body, status=_CREATED), scopes=asked.scopes)


def last_visit(pushed: PushedRequest, server: Server) -> Instant:
    """Return until when the customer has to arrive: the end of the `expires_in` that the client was told."""
    return Instant(pushed.created_at + server.profile.lifetimes.pushed_request_seconds)
