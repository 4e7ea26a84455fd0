"""Tell and change a stream's status, and send an event that proves that it works.  OpenID Shared Signals Framework §8.1.2, §8.1.4."""

from typing import Any, Final

from ringfence.clock import Instant, Seconds
from ringfence.ids import new_token
from ringfence.oauth.answers import empty_response, json_response
from ringfence.oauth.exchange import Exchange, Outcome, Server
from ringfence.oauth.forms import read_pairs
from ringfence.oauth.json_body import read_object
from ringfence.oauth.signals.caep import VERIFICATION
from ringfence.oauth.signals.feed import MOST_PENDING, set_claims
from ringfence.oauth.signals.own_stream import own_stream, receiver, text_in
from ringfence.problem import Reason, Refused
from ringfence.store.signals_model import PendingSignal, SignalStream

_NO_CONTENT: Final = 204

SECONDS_BETWEEN: Final[Seconds] = 30.0
"""Between two verifications of a stream (`min_verification_interval`)."""

STATUSES: Final = ("enabled", "paused", "disabled")


async def stream_status(exchange: Exchange, server: Server) -> Outcome:
    """Tell the status of the client's stream (GET), or change it (POST).

    Raises:
        Refused: as `receiver` and `read_object`; NOT_FOUND, OAUTH_REQUEST.
    """
    reading = exchange.request.method in {"GET", "HEAD"}
    client_id = await receiver(exchange, server, reading=reading)
    if reading:
        named = read_pairs(exchange.request.query).get("stream_id", "")
        return Outcome(json_response(_status(await own_stream(client_id, server, named))))
    body = read_object(exchange.request)
    stream = await own_stream(client_id, server, text_in(body, "stream_id", needed=True))
    status, reason = text_in(body, "status", needed=True), text_in(body, "reason")
    if status not in STATUSES:
        raise Refused(Reason.OAUTH_REQUEST, f"status is one of {', '.join(STATUSES)}")
    if not await server.ports.records.set_signal_status(stream.stream_id, status, reason):
        raise Refused(Reason.NOT_FOUND, "the stream was removed meanwhile")
    return Outcome(json_response(_status(await own_stream(client_id, server))))


async def verify_stream(exchange: Exchange, server: Server) -> Outcome:
    """Put a verification event into the client's stream, with the `state` that it gives.

    Raises:
        Refused: as `receiver` and `read_object`; NOT_FOUND, OAUTH_REQUEST, CONFLICT where the stream is disabled,
            RATE_LIMITED.
        Unavailable: a store or the signer is out.
    """
    client_id = await receiver(exchange, server)
    body = read_object(exchange.request)
    stream = await own_stream(client_id, server, text_in(body, "stream_id", needed=True))
    state, now = text_in(body, "state"), exchange.now
    if stream.status == "disabled":
        raise Refused(Reason.CONFLICT, "the stream is disabled")
    if not await server.ports.records.note_verification(stream.stream_id, now, Instant(now - SECONDS_BETWEEN)):
        wait = str(int(SECONDS_BETWEEN))
        raise Refused(Reason.RATE_LIMITED, f"at most one in {wait} s", headers=(("retry-after", wait),))
    jti = new_token(server.ports.random)
    subject = {"format": "opaque", "id": stream.stream_id}
    events = {VERIFICATION: {"state": state} if state else {}}
    claims = set_claims(server.profile.issuer, client_id, jti, now, subject, events)
    token = await server.ports.sets.sign(claims)
    pending = PendingSignal(stream_id=stream.stream_id, jti=jti, token=token, created_at=now)
    await server.ports.records.keep_signal(pending, MOST_PENDING)
    return Outcome(empty_response(_NO_CONTENT))


def _status(stream: SignalStream) -> dict[str, Any]:
    """Return a stream's status; events that were given up are told in the reason, for which there is no member."""
    lost = f"{stream.dropped} events were given up: too many were not acknowledged" if stream.dropped else ""
    reason = "; ".join(part for part in (stream.reason, lost) if part)
    return {"stream_id": stream.stream_id, "status": stream.status} | ({"reason": reason} if reason else {})
