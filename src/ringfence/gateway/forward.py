"""Send a call that passed to the API behind the gateway, and hide what must not come back.  RFC 9110 §7.6."""

from collections.abc import AsyncIterator
from typing import Final
from urllib.parse import urlsplit

from ringfence.gateway.ports import Sender
from ringfence.gateway.protect import without_digests
from ringfence.gateway.stages import Located, Reworked
from ringfence.gateway.verdict import CORRELATION_HEADER
from ringfence.message import Headers, Response
from ringfence.problem import Reason, Refused
from ringfence.proofs.dpop import NONCE_HEADER

OURS: Final = frozenset({"authorization", "dpop", "traceparent", "tracestate", "x-correlation-id", "cookie"})
"""Request fields that end here: credentials, and what we set ourselves."""

_ABOUT_BODY: Final = frozenset({"content-type", "content-digest", "digest"})

_PARTIAL: Final = frozenset({"accept-encoding", "range", "if-range"})

_NAMING_URLS: Final = frozenset({"location", "content-location"})

SERVER_ERROR: Final = 500
BUSY: Final = 503


async def forward(reworked: Reworked, sender: Sender) -> Response:
    """Send the call and return the upstream's answer, its failures replaced by ours.

    Args:
        reworked: what passed, its protected fields replaced.
        sender: the way to the API.

    Raises:
        Refused: an UPSTREAM_… reason.
    """
    valid = reworked.screened.valid
    identified = valid.limited.authorized.identified
    located = identified.located
    request, operation, token = located.request, located.operation, identified.token
    touched = operation.seals or any(field.rule.on == "answer" for field in operation.protected)
    whole = operation.response_rules.looks or touched
    came = without_digests(request.headers) if reworked.changed else request.headers
    headers: Headers = (
        *_passed_on(came, valid.media_type, whole=whole),
        ("traceparent", request.trace.traceparent()),
        (CORRELATION_HEADER, request.correlation),
        ("x-ringfence-client", token.client_id),
        ("x-ringfence-user", token.user_id),
        ("x-ringfence-grant", token.grant_id),
        ("x-ringfence-scopes", " ".join(sorted(token.scopes))),
        *([("x-ringfence-actors", " ".join(token.actors))] if token.actors else []),
    )
    target = f"{located.rest}?{request.query}" if request.query else located.rest
    response = await sender.send(
        operation.upstream_name, operation.upstream, request.method, target, headers, reworked.body
    )
    if response.status >= SERVER_ERROR:
        await _discard(response.body)
        reason = Reason.UPSTREAM_BUSY if response.status == BUSY else Reason.UPSTREAM_FAILED
        raise Refused(reason, private=f"upstream answered {response.status}")
    shown = _shown(response.headers, located)
    ours: Headers = ((CORRELATION_HEADER, request.correlation),)
    if identified.nonce:
        ours = (*ours, (NONCE_HEADER, identified.nonce))
    return Response(response.status, (*shown, *ours), response.body)


def _passed_on(headers: Headers, media_type: str, *, whole: bool) -> Headers:
    """Return the caller's fields for the upstream.

    Where its body is another than the caller's, without what tells of that; where the answer has to be `whole` and
    plain, so that it can be looked at, without what asks for a part of it or for a coding.
    """
    ended = OURS | _PARTIAL if whole else OURS
    kept = tuple(field for field in headers if field[0] not in ended)
    if not media_type:
        return kept
    return (*(field for field in kept if field[0] not in _ABOUT_BODY), ("content-type", media_type))


def _shown(headers: Headers, located: Located) -> Headers:
    """Return an upstream's fields with its own address in them replaced by ours, or the field left out."""
    if _NAMING_URLS.isdisjoint([name for name, _ in headers]):
        return headers
    return tuple((n, v) for n, value in headers if (v := _outside(value, located) if n in _NAMING_URLS else value))


def _outside(url: str, located: Located) -> str:
    """Return a URL below the upstream's as partners know it; `""` for another one on the upstream's host."""
    request, inside = located.request, located.operation.upstream.url.rstrip("/")
    if url.startswith(inside) and url[len(inside) :][:1] in {"", "/", "?", "#"}:
        base = located.operation.template.rsplit("/", located.rest.count("/"))[0]
        return f"{request.scheme}://{request.authority}{base}{url[len(inside) :]}"
    try:
        elsewhere = urlsplit(url).netloc.lower() != urlsplit(inside).netloc.lower()
    except ValueError:  # brackets that are no IPv6 address
        return ""
    return url if elsewhere else ""


async def _discard(body: bytes | AsyncIterator[bytes]) -> None:
    """Let go of a streamed body, so that its connection does not stay open for nobody."""
    close = getattr(body, "aclose", None)
    if close is not None:
        await close()
