"""Take a request that the customer answers elsewhere, without a redirect.  OpenID CIBA Core §7.1 to §7.3; FAPI-CIBA §5.2.2."""

import hashlib
from typing import Any, Final

import msgspec

from ringfence.clock import Instant
from ringfence.events.backchannel import BackchannelAsked
from ringfence.ids import new_token, token_hash
from ringfence.oauth.answers import json_response
from ringfence.oauth.asked_for import open_consent
from ringfence.oauth.checks.authorization_details import NAME, read_details
from ringfence.oauth.checks.binding_message import require_binding_message
from ringfence.oauth.checks.login_hints import require_one_hint
from ringfence.oauth.checks.notification_token import require_notification_token
from ringfence.oauth.checks.requested_expiry import require_expiry
from ringfence.oauth.checks.scope import OPENID
from ringfence.oauth.exchange import Backchannel, Exchange, Outcome, Server, settled
from ringfence.oauth.hints import hinted_user
from ringfence.oauth.payments import payment_of
from ringfence.problem import Reason, Refused
from ringfence.store.backchannel_model import BackchannelRequest
from ringfence.store.consent_events import consent_moved
from ringfence.store.interface import Admission, Bucket
from ringfence.store.model import Client

_PACE: Final = (30.0, 10)
"""Requests of one client about one customer: one in 30 s in the long run, 10 at once. Each asks for attention."""


class Notification(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a ping needs; kept sealed, as both values open something."""

    auth_req_id: str
    token: str


async def check_backchannel(exchange: Exchange, server: Server) -> Exchange:
    """Return the exchange with what only a request without a redirect has, every parameter checked.

    Raises:
        Refused: OAUTH_REQUEST, SCOPE_INVALID, DETAILS_INVALID, BINDING_MESSAGE_INVALID, LOGIN_HINT_EXPIRED or CLIENT_UNAUTHORIZED.
    """
    client, parameters, asked = settled(exchange.client), exchange.parameters, settled(exchange.asked)
    if OPENID not in asked.scopes:
        raise Refused(Reason.SCOPE_INVALID, "a request without a redirect has openid among its scopes")
    if "grant_management_action" in parameters or "grant_id" in parameters:
        raise Refused(
            Reason.OAUTH_REQUEST, "a request without a redirect makes a grant of its own: change grants by PAR"
        )
    if payment_of(read_details({NAME: asked.authorization_details}), server.profile.detail_types) is not None:
        raise Refused(Reason.DETAILS_INVALID, "a payment is approved on a page that shows amount and payee: push it")
    token = require_notification_token(parameters, client)
    message = require_binding_message(parameters, needed=not asked.authorization_details)
    seconds = require_expiry(parameters, server.profile.ciba)
    name, hint = require_one_hint(parameters)
    user = await hinted_user(name, hint, exchange, server)
    counted = user.user_id if user else hashlib.sha256(hint.encode("utf-8", "surrogatepass")).hexdigest()
    backchannel = Backchannel(user.user_id if user else "", counted, message, seconds, token)
    return msgspec.structs.replace(exchange, backchannel=backchannel)


async def keep_backchannel(exchange: Exchange, server: Server) -> Outcome:
    """Keep the request and return the `auth_req_id` that stands for it, whether or not there is such a customer.

    Raises:
        Refused: RATE_LIMITED.
    """
    asked, client, now = settled(exchange.asked), settled(exchange.client), exchange.now
    backchannel, random = settled(exchange.backchannel), server.ports.random
    await _throttle(client, backchannel, now, server)
    auth_req_id = new_token(random)
    expires_at = Instant(now + backchannel.seconds)
    consent = open_consent(exchange, server, expires_at)
    interval = server.profile.ciba.interval_seconds
    request = BackchannelRequest(
        auth_req_hash=token_hash(auth_req_id),
        client_id=client.client_id,
        user_id=backchannel.user_id,
        consent_id=consent.consent_id,
        parameters=msgspec.to_builtins(asked),
        binding_message=backchannel.binding_message,
        notification=_sealed(auth_req_id, backchannel, client, server),
        interval=interval,
        next_poll_at=now,
        created_at=now,
        expires_at=expires_at,
    )
    await server.ports.records.add_backchannel_request(request, consent)
    correlation = exchange.request.correlation
    server.ports.events.emit(consent_moved(consent, correlation, now))
    server.ports.events.emit(
        BackchannelAsked(
            at=now,
            correlation=correlation,
            consent=consent.consent_id,
            client=client.client_id,
            user=backchannel.user_id,
            expires_at=expires_at,
        )
    )
    body: dict[str, Any] = {"auth_req_id": auth_req_id, "expires_in": backchannel.seconds, "interval": interval}
    return Outcome(json_response(body), scopes=asked.scopes)


def _sealed(auth_req_id: str, backchannel: Backchannel, client: Client, server: Server) -> str:
    if not backchannel.notification_token:
        return ""
    notification = Notification(auth_req_id, backchannel.notification_token)
    return server.ports.sealer.seal(msgspec.json.encode(notification), client.client_id)


async def _throttle(client: Client, backchannel: Backchannel, now: Instant, server: Server) -> None:
    interval, burst = _PACE
    key = hashlib.sha256(f"{client.client_id}\n{backchannel.hint}".encode()).digest()
    bucket = Bucket(b"ciba:" + key, interval, interval * (burst - 1))
    admitted = await server.ports.fast.admit(Admission(buckets=(bucket,)), now)
    if admitted.limited >= 0:
        seconds = max(1, round(admitted.retry_after))
        detail = f"too many requests about one customer; try again in {seconds} s"
        raise Refused(Reason.RATE_LIMITED, detail, headers=(("retry-after", str(seconds)),))
