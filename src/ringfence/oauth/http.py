"""The authorization server as an ASGI application: bytes in, the steps, bytes out, and an event for each decision."""

from typing import Final

import msgspec
import structlog
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.responses import Response as HttpResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from ringfence.clock import Instant
from ringfence.events.tokens import TokenDecided
from ringfence.ids import new_correlation_id
from ringfence.message import Headers, Peer, Request, Response
from ringfence.oauth.endpoints import AUTHENTICATED, METHODS, PROVEN, Endpoint, places
from ringfence.oauth.exchange import Exchange, Outcome, Server
from ringfence.oauth.forms import MAX_BODY_BYTES
from ringfence.oauth.peer import read_peer
from ringfence.oauth.ports import Ports
from ringfence.oauth.profile import compile_profile
from ringfence.oauth.refusals import answer_refused, with_correlation
from ringfence.oauth.steps import ACTIONS, steps_of
from ringfence.policy.model import Policy
from ringfence.problem import Reason, Refused
from ringfence.proofs.dpop import NONCE_HEADER
from ringfence.store.interface import Unavailable
from ringfence.telemetry import begin_trace

_log = structlog.get_logger()

_LONGEST_PATH_TOLD: Final = 256

_READ_TO_REFUSE: Final = 1 << 20
"""Bytes of a body that is too large which are read all the same.

A connection that is closed on what nobody has read is reset, and the edge then says 503 in place of our refusal.
"""


def create_app(policy: Policy, ports: Ports) -> Starlette:
    """Return the authorization server of a policy."""
    profile = compile_profile(policy)
    server = Server(profile, ports)
    routes = [Route(place.path, _AsgiEndpoint(place.endpoint, server)) for place in places(profile)]
    return Starlette(routes=[*routes, Route("/{path:path}", _AsgiEndpoint(None, server))])


class _AsgiEndpoint:
    """One route.  A class, because Starlette then leaves every method to it."""

    def __init__(self, endpoint: Endpoint | None, server: Server) -> None:
        self._endpoint = endpoint
        self._server = server

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await respond(self._endpoint, HttpRequest(scope, receive), self._server)
        await response(scope, receive, send)


async def respond(endpoint: Endpoint | None, http: HttpRequest, server: Server) -> HttpResponse:
    """Answer one request; whatever happens is an answer."""
    now = server.ports.clock()
    request = _blank(http, server)
    exchange: Exchange | None = None
    try:
        peer, listener = read_peer(request.headers)
        origin = server.profile.origin_of(listener)
        request = msgspec.structs.replace(request, peer=peer, authority=origin.removeprefix("https://"))
        request = msgspec.structs.replace(request, body=await _read_body(http))
        endpoint = _served(endpoint, request)
        exchange = Exchange(request, endpoint, listener, now)
        for step in steps_of(endpoint):
            exchange = await step(exchange, server)
        outcome = await ACTIONS[endpoint](exchange, server)
        if endpoint in AUTHENTICATED:
            server.ports.events.emit(_allowed(exchange, outcome))
        response = _with_nonce(outcome.response, endpoint, server, now)
    except Refused as why:
        response = _refuse(why, endpoint, request, exchange, server, now)
    except Unavailable as why:
        refused = Refused(Reason.UNAVAILABLE, private=str(why), headers=(("retry-after", "1"),))
        response = _refuse(refused, endpoint, request, exchange, server, now)
    except Exception as why:  # noqa: BLE001 - whatever went wrong is ours, and the caller learns no more than that
        _log.exception("request failed", correlation=request.correlation)
        refused = Refused(Reason.INTERNAL, private=type(why).__name__)
        response = _refuse(refused, endpoint, request, exchange, server, now)
    return _written(with_correlation(response, request), http.method)


def _blank(http: HttpRequest, server: Server) -> Request:
    """Return the request's head, before anything in it is judged."""
    random = server.ports.random
    headers: Headers = tuple(
        (name.decode("latin-1"), value.decode("latin-1").strip()) for name, value in http.headers.raw
    )
    traceparent = http.headers.getlist("traceparent")
    return Request(
        method=http.method,
        scheme="https",
        authority="",
        path=http.scope.get("raw_path", b"").decode("latin-1").partition("?")[0] or http.scope["path"],
        query=http.scope["query_string"].decode("latin-1"),
        headers=headers,
        body=b"",
        peer=Peer(""),
        correlation=new_correlation_id(random),
        trace=begin_trace(traceparent[0] if len(traceparent) == 1 else None, random),
    )


def _served(endpoint: Endpoint | None, request: Request) -> Endpoint:
    if endpoint is None:
        raise Refused(Reason.UNKNOWN_PATH)
    allowed = METHODS[endpoint]
    if request.method not in allowed and not (request.method == "HEAD" and "GET" in allowed):
        raise Refused(Reason.METHOD_NOT_ALLOWED, headers=(("allow", ", ".join(allowed)),))
    return endpoint


async def _read_body(http: HttpRequest) -> bytes:
    """Return the body, read to its end also for a request that will be refused.  Raises Refused."""
    body, length = bytearray(), 0
    try:
        async for piece in http.stream():
            length += len(piece)
            if length > _READ_TO_REFUSE:
                break
            if length <= MAX_BODY_BYTES:
                body += piece
    except ClientDisconnect:
        raise Refused(Reason.BODY_INCOMPLETE) from None
    if length > MAX_BODY_BYTES:
        raise Refused(Reason.BODY_TOO_LARGE, f"at most {MAX_BODY_BYTES} bytes are taken")
    return bytes(body)


def _with_nonce(response: Response, endpoint: Endpoint, server: Server, now: Instant) -> Response:
    """Return the answer with the nonce for the client's next proof, where one is needed.  RFC 9449 §8.2."""
    if endpoint not in PROVEN or not server.profile.nonce_required:
        return response
    fresh = (NONCE_HEADER, server.ports.nonces.good(now)[0])
    return msgspec.structs.replace(response, headers=(*response.headers, fresh))


def _refuse(
    refused: Refused,
    endpoint: Endpoint | None,
    request: Request,
    exchange: Exchange | None,
    server: Server,
    now: Instant,
) -> Response:
    event = TokenDecided(
        at=now,
        correlation=request.correlation,
        endpoint=endpoint.name.lower() if endpoint else request.path[:_LONGEST_PATH_TOLD],
        allowed=False,
        client=exchange.client.client_id if exchange and exchange.client else "",
        user=exchange.session.user_id if exchange and exchange.session else "",
        grant_type=exchange.parameters.get("grant_type", "")[:64] if exchange else "",
        reason=refused.reason.value,
        private=refused.private or refused.detail,
        network=request.peer.address,
    )
    try:
        server.ports.events.emit(event)
    except Unavailable:
        # the request is refused as it is; that the event may be lost is for the log
        _log.warning("event not taken", correlation=request.correlation, reason=refused.reason.value)
    return answer_refused(refused, endpoint, request, server.profile, server.ports.random)


def _allowed(exchange: Exchange, outcome: Outcome) -> TokenDecided:
    return TokenDecided(
        at=exchange.now,
        correlation=exchange.request.correlation,
        endpoint=exchange.endpoint.name.lower(),
        allowed=True,
        client=exchange.client.client_id if exchange.client else "",
        user=outcome.user,
        grant=outcome.grant,
        grant_type=outcome.grant_type,
        scopes=outcome.scopes,
        network=exchange.request.peer.address,
    )


def _written(response: Response, method: str) -> HttpResponse:
    body = response.body if isinstance(response.body, bytes) else b""
    written = HttpResponse(b"" if method == "HEAD" else body, status_code=response.status)
    written.raw_headers = [(name.encode("ascii"), value.encode("latin-1")) for name, value in response.headers]
    written.raw_headers.append((b"content-length", str(len(body)).encode("ascii")))
    return written
