"""One request to the management API and its answer, and the frame in which each is handled."""

import re
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from typing import Any, Final, Literal, TypeVar

import msgspec
import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from ringfence import strict_json
from ringfence.admin.ports import AdminPorts, Events
from ringfence.clock import Instant
from ringfence.events import Event
from ringfence.events.actions import AdminActed
from ringfence.ids import CorrelationId, new_correlation_id
from ringfence.problem import Fault, Reason, Refused, problem_document
from ringfence.store.interface import AlreadyThere, Unavailable

_log = structlog.get_logger("ringfence.admin")

MAX_BODY_BYTES: Final = 262_144
"""A client with twenty RSA keys takes about 20 KB; certificates some more."""

MAX_DEPTH: Final = 16

_CHANGING: Final = frozenset({"POST", "DELETE", "PUT", "PATCH"})

_OURS: Final = re.compile(r"[a-z]{2,12}_[a-z2-7]{26}")
"""How identifiers look: see `ids.new_id`."""

_FIELD_AT_END: Final = re.compile(r" - at `\$(?P<path>[^`]*)`$")

S = TypeVar("S", bound=msgspec.Struct)


class Noticed:
    """Passes events on, and notices whether there were any: a change that says nothing of itself is told by the frame."""

    def __init__(self, events: Events) -> None:
        """Pass them on to `events`."""
        self._events = events
        self.emitted = False

    def ready(self) -> None:
        """Return if an event is sure to be kept.  Raises Unavailable."""
        self._events.ready()

    def emit(self, event: Event) -> None:
        """Take an event.  Raises Unavailable."""
        self._events.emit(event)
        self.emitted = True


class Call(msgspec.Struct, frozen=True):
    """A request that has been read."""

    ports: AdminPorts
    correlation: CorrelationId
    now: Instant
    path: dict[str, Any]
    query: dict[str, str]
    body: bytes

    def read(self, kind: type[S]) -> S:
        """Return the body as `kind`.

        Raises:
            Refused: JSON_MALFORMED, JSON_DUPLICATE_KEY, JSON_TOO_DEEP, or ADMIN_REQUEST with the faulty member.
        """
        document = strict_json.parse(self.body or b"{}", max_depth=MAX_DEPTH)
        try:
            return msgspec.convert(document, kind)
        except msgspec.ValidationError as error:
            raise Refused(Reason.ADMIN_REQUEST, faults=(_fault(str(error)),)) from None

    def number(self, name: str, default: int, highest: int) -> int:
        """Return a query parameter that counts.  Raises Refused ADMIN_REQUEST."""
        text = self.query.get(name, str(default))
        if not (text.isascii() and text.isdigit() and len(text) <= len(str(highest)) and int(text) <= highest):
            raise Refused(Reason.ADMIN_REQUEST, f"{name} is a whole number from 0 to {highest}")
        return int(text)

    def acted(self, action: str, subject: str) -> None:
        """Put what was done on record.  Raises Unavailable."""
        self.ports.events.emit(
            AdminActed(
                at=self.now, correlation=self.correlation, actor=self.ports.actor, action=action, subject=subject
            )
        )


class Answer(msgspec.Struct, frozen=True):
    """What a handler returns: a status and what becomes the JSON body."""

    content: Any
    status: int = 200
    looked: bool = False
    """Nothing was changed: the question stood in a body so that it stands in no log."""


class PlainText(msgspec.Struct, frozen=True):
    """Content that is no JSON."""

    body: bytes
    media_type: str


class Listing(msgspec.Struct, frozen=True):
    """The form of every listing."""

    items: list[Any]


Handler = Callable[[Call], Awaitable[Answer]]


def route(
    ports: AdminPorts,
    method: Literal["GET", "POST", "DELETE"],
    path: str,
    handler: Handler,
    query: tuple[str, ...] = (),
) -> Route:
    """Return the route that serves `handler`.

    Args:
        ports: what the handler works with.
        method: one method; a path has one route for each of its methods.
        path: Starlette's template.
        handler: raises Refused, AlreadyThere or Unavailable; anything else is answered as our failure.
        query: the query parameters it knows; others are refused.
    """

    async def answered(request: Request, correlation: CorrelationId) -> Response:
        call = await _read(request, ports, correlation, query)
        async with nullcontext() if method == "GET" else ports.changes:
            answer = await handler(call)
        if isinstance(call.ports.events, Noticed) and not call.ports.events.emitted and not answer.looked:
            call.acted(f"{method} {path}", _identifier(call.path))
        if isinstance(answer.content, PlainText):
            return _json(answer.content.body, answer.status, correlation, answer.content.media_type)
        return _json(msgspec.json.encode(answer.content), answer.status, correlation)

    async def endpoint(request: Request) -> Response:
        correlation = new_correlation_id(ports.random)
        try:
            return await answered(request, correlation)
        except Refused as why:
            refused = why
        except AlreadyThere as there:
            refused = Refused(Reason.CONFLICT, f"{there} is there already")
        except Unavailable as error:
            _log.warning("store unavailable", correlation=correlation, error=str(error))
            refused = Refused(Reason.UNAVAILABLE)
        except Exception:  # noqa: BLE001 - whatever went wrong is ours, and the caller learns no more than that
            _log.exception("management request failed", correlation=correlation)
            refused = Refused(Reason.INTERNAL)
        if method != "GET":
            _put_refused(ports, f"{method} {path}", _identifier(request.path_params), refused, correlation)
        return _problem(refused, correlation)

    return Route(path, endpoint, methods=[method])


def refuse_everything(ports: AdminPorts, reason: Reason) -> Callable[[Request, Exception], Awaitable[Response]]:
    """Return what answers a request that no route takes."""

    async def endpoint(request: Request, _error: Exception) -> Response:
        refused, correlation = Refused(reason), new_correlation_id(ports.random)
        if request.method in _CHANGING:
            _put_refused(ports, f"{request.method} elsewhere", "", refused, correlation)
        return _problem(refused, correlation)

    return endpoint


async def _read(request: Request, ports: AdminPorts, correlation: CorrelationId, known: tuple[str, ...]) -> Call:
    query = request.query_params.multi_items()
    names = [name for name, _ in query]
    if len(set(names)) != len(names):
        raise Refused(Reason.PARAMETER_DUPLICATE)
    if unknown := set(names) - set(known):
        raise Refused(Reason.PARAMETER_UNKNOWN, f"it takes {', '.join(known) or 'none'}", private=str(unknown))
    if request.method != "GET":
        media_type = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
        if media_type != "application/json":
            raise Refused(Reason.MEDIA_TYPE, "send application/json")
        ports.events.ready()  # nothing is changed that could not be put on record
    body = bytearray()
    try:
        async for piece in request.stream():
            body += piece
            if len(body) > MAX_BODY_BYTES:
                raise Refused(Reason.BODY_TOO_LARGE, f"at most {MAX_BODY_BYTES} bytes")
    except ClientDisconnect:
        raise Refused(Reason.BODY_INCOMPLETE) from None
    if request.method != "GET":
        ports = msgspec.structs.replace(ports, events=Noticed(ports.events))
    return Call(ports, correlation, ports.clock(), request.path_params, dict(query), bytes(body))


def _put_refused(ports: AdminPorts, action: str, subject: str, refused: Refused, correlation: CorrelationId) -> None:
    entry = AdminActed(ports.clock(), correlation, ports.actor, action, subject, refused.reason.value)
    ports.refused.put(ports.events.emit, entry)


def _identifier(path: dict[str, Any]) -> str:
    """Return what of the path names something of ours; what else somebody may have written there is not repeated."""
    return next((value for value in path.values() if isinstance(value, str) and _OURS.fullmatch(value)), "")


def _json(body: bytes, status: int, correlation: str, media_type: str = "application/json") -> Response:
    headers = {"x-correlation-id": correlation, "cache-control": "no-store", "x-content-type-options": "nosniff"}
    return Response(body, status, headers, media_type)


def _problem(refused: Refused, correlation: CorrelationId) -> Response:
    if refused.private:
        _log.info("refused", correlation=correlation, reason=refused.reason.value, private=refused.private)
    return _json(problem_document(refused, correlation), refused.status, correlation, "application/problem+json")


def _fault(text: str) -> Fault:
    """Return msgspec's sentence with the place as a JSON pointer."""
    found = _FIELD_AT_END.search(text)
    if found is None:
        return Fault("", text)
    pointer = re.sub(r"\[(\.\.\.|\d+)\]", r"/\1", found["path"]).replace(".", "/").replace("///", "...")
    return Fault(pointer, text[: found.start()])
