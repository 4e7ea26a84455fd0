"""Let a client make, read, change and remove its one stream.  OpenID Shared Signals Framework §8.1.1."""

from typing import Any, Final

import msgspec

from ringfence.ids import new_id
from ringfence.oauth.answers import empty_response, json_response, list_response
from ringfence.oauth.exchange import Exchange, Outcome, Server
from ringfence.oauth.forms import read_pairs
from ringfence.oauth.json_body import read_object
from ringfence.oauth.signals.caep import SUPPORTED
from ringfence.oauth.signals.delivery import read_delivery, show_delivery
from ringfence.oauth.signals.feed import delivered
from ringfence.oauth.signals.own_stream import own_stream, receiver, text_in
from ringfence.oauth.signals.verify import SECONDS_BETWEEN
from ringfence.problem import Reason, Refused
from ringfence.store.push_model import SignalPush
from ringfence.store.signals_model import SignalStream

_CREATED: Final = 201
_NO_CONTENT: Final = 204

MOST_REQUESTED: Final = 32
"""Event types that are named in one request; most of them may be unknown here."""


async def manage_stream(exchange: Exchange, server: Server) -> Outcome:
    """Make the stream (POST), tell it (GET), change (PATCH), replace (PUT) or remove it (DELETE).

    Raises:
        Refused: as `receiver` and `read_object`; CONFLICT for a second stream, NOT_FOUND, OAUTH_REQUEST.
    """
    method = exchange.request.method
    reading = method in {"GET", "HEAD"}
    client_id = await receiver(exchange, server, reading=reading)
    if method == "POST":
        return await _make(client_id, exchange, server)
    if method in {"PATCH", "PUT"}:
        return await _change(client_id, exchange, server, whole=method == "PUT")
    named = read_pairs(exchange.request.query).get("stream_id")
    if reading:
        return await _show(client_id, named, server)
    stream = await own_stream(client_id, server, named or "")
    await server.ports.records.remove_signal_stream(stream.stream_id)
    return Outcome(empty_response(_NO_CONTENT))


def view(stream: SignalStream, push: SignalPush | None, server: Server) -> dict[str, Any]:
    """Return a stream's configuration."""
    said: dict[str, Any] = {
        "stream_id": stream.stream_id,
        "iss": server.profile.issuer,
        "aud": stream.client_id,
        "delivery": show_delivery(push, server),
        "events_supported": list(SUPPORTED),
        "events_requested": list(stream.events_requested or SUPPORTED),
        "events_delivered": delivered(stream),
        "min_verification_interval": int(SECONDS_BETWEEN),
    }
    return said | ({"description": stream.description} if stream.description else {})


async def _make(client_id: str, exchange: Exchange, server: Server) -> Outcome:
    body = read_object(exchange.request)
    stream = SignalStream(
        stream_id=new_id("stream", server.ports.random),
        client_id=client_id,
        description=text_in(body, "description"),
        events_requested=_requested(body),
        created_at=exchange.now,
    )
    push = read_delivery(body, stream.stream_id, client_id, server.ports.sealer)
    if not await server.ports.records.add_signal_stream(stream, push):
        raise Refused(Reason.CONFLICT, "this client has a stream already")
    return Outcome(json_response(view(stream, push, server), status=_CREATED))


async def _show(client_id: str, named: str | None, server: Server) -> Outcome:
    if named is not None:
        stream = await own_stream(client_id, server, named)
        return Outcome(json_response(view(stream, await _push_of(stream, server), server)))
    found = await server.ports.records.signal_stream(client_id)
    return Outcome(list_response([view(found, await _push_of(found, server), server)] if found else []))


async def _change(client_id: str, exchange: Exchange, server: Server, *, whole: bool) -> Outcome:
    body = read_object(exchange.request)
    stream = await own_stream(client_id, server, text_in(body, "stream_id", needed=True))
    push = read_delivery(body, stream.stream_id, client_id, server.ports.sealer)
    kept = SignalStream(stream_id="", client_id="", created_at=exchange.now) if whole else stream
    requested = _requested(body) if "events_requested" in body else kept.events_requested
    description = text_in(body, "description") if "description" in body else kept.description
    changed = msgspec.structs.replace(stream, events_requested=requested, description=description)
    if not await server.ports.records.describe_signal_stream(stream.stream_id, requested, description):
        raise Refused(Reason.NOT_FOUND, "the stream was removed meanwhile")
    if whole or "delivery" in body:
        await server.ports.records.set_signal_push(stream.stream_id, push)
    return Outcome(json_response(view(changed, await _push_of(changed, server), server)))


async def _push_of(stream: SignalStream, server: Server) -> SignalPush | None:
    return await server.ports.records.signal_push(stream.stream_id)


def _requested(body: dict[str, Any]) -> tuple[str, ...]:
    """Return the event types that a client asks for; unknown ones are kept, and never come."""
    asked = body.get("events_requested", [])
    if not isinstance(asked, list) or len(asked) > MOST_REQUESTED:
        raise Refused(Reason.OAUTH_REQUEST, f"events_requested is a list of at most {MOST_REQUESTED} event types")
    return tuple(dict.fromkeys(text_in({"events_requested": one}, "events_requested", needed=True) for one in asked))
