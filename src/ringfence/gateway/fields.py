"""Header fields by what may be done with them, as data.  RFC 9110 §5, §7.6.1."""

import enum
from functools import lru_cache
from typing import Final

from ringfence.problem import Reason, Refused
from ringfence.proofs.peer import CERTIFICATE, LISTENER, PEER

TOKEN: Final = frozenset(b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
"""Octets of a token.  RFC 9110 §5.6.2."""

VALUE: Final = bytes(range(0x20, 0x7F)) + b"\t"
"""Octets of a field value that we take: visible ASCII, space, tab. RFC 9110 §5.5 has others as obsolete."""

HOP_BY_HOP: Final = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "http2-settings",
    }
)
"""Fields of one connection only.  RFC 9110 §7.6.1."""

INTERNAL_PREFIXES: Final = (
    "proxy-",
    "ssl-client-",
    "x-amzn-oidc-",
    "x-auth-request-",
    "x-authenticated-",
    "x-client-cert",
    "x-envoy-",
    "x-forwarded-",
    "x-goog-",
    "x-ms-client-principal",
    "x-ringfence-",
    "x-ssl-",
)
"""Names that only our own processes, or another gateway, may set: what a caller sends under them is dropped."""

INTERNAL: Final = frozenset(
    {
        # which method and path it is
        "x-http-method",
        "x-http-method-override",
        "x-method-override",
        "x-original-method",
        "x-original-uri",
        "x-original-url",
        "x-rewrite-url",
        # which host it is
        "x-host",
        "x-http-host-override",
        "x-original-host",
        # who and where the caller is
        "cf-connecting-ip",
        "client-ip",
        "fastly-client-ip",
        "forwarded",
        "remote-addr",
        "remote-user",
        "true-client-ip",
        "via",
        "x-client-ip",
        "x-cluster-client-ip",
        "x-forwarded",
        "x-originating-ip",
        "x-real-ip",
        "x-remote-addr",
        "x-remote-ip",
        "x-remote-user",
        "x-webauth-user",
    }
)
"""Single names of the same kind: an upstream that believed them would serve another operation or caller than was let through."""

FROM_EDGE: Final = frozenset({PEER, LISTENER, CERTIFICATE})
"""What the edge tells about the connection; it overwrites what a caller sends under these names."""

SINGLE: Final = frozenset(
    {
        "age",
        "authorization",
        "content-disposition",
        "content-encoding",
        "content-length",
        "content-location",
        "content-range",
        "content-type",
        "date",
        "dpop",
        "from",
        "host",
        "idempotency-key",
        "if-modified-since",
        "if-range",
        "if-unmodified-since",
        "last-modified",
        "max-forwards",
        "origin",
        "range",
        "referer",
        "traceparent",
        "user-agent",
        "x-correlation-id",
        "x-customer-user-agent",
        "x-fapi-auth-date",
        "x-fapi-customer-ip-address",
        "x-fapi-interaction-id",
        "x-idempotency-key",
        "x-jws-signature",
    }
)
"""Fields whose grammar allows one value: two are refused, because two readers could take different ones."""

RESPONSE_HIDDEN: Final = frozenset(
    {
        "alt-svc",
        "clear-site-data",
        "dpop-nonce",
        "expect-ct",
        "nel",
        "public-key-pins",
        "public-key-pins-report-only",
        "report-to",
        "reporting-endpoints",
        "ringfence-receipt",
        "server",
        "server-timing",
        "set-cookie",
        "set-cookie2",
        "strict-transport-security",
        "via",
        "x-application-context",
        "x-aspnet-version",
        "x-aspnetmvc-version",
        "x-backend",
        "x-backend-server",
        "x-correlation-id",
        "x-debug-token",
        "x-debug-token-link",
        "x-drupal-cache",
        "x-generator",
        "x-host",
        "x-node",
        "x-php-version",
        "x-powered-by",
        "x-powered-cms",
        "x-process-time",
        "x-runtime",
        "x-server",
        "x-served-by",
        "x-sourcefiles",
        "x-upstream",
        "x-version",
    }
)
"""Response fields that tell what an upstream is made of, or speak for our host, which the customers' login page shares."""

LONGEST_NAME: Final = 128
"""Octets of a field name. Real names stay below 50; longer ones only fill memory."""


class Use(enum.Enum):
    """What the way in does with a request field."""

    KEEP = enum.auto()
    KEEP_ONE = enum.auto()
    READ_ONE = enum.auto()
    """Read by the way in and not passed on; one value only."""
    CONNECTION = enum.auto()
    DROP = enum.auto()


@lru_cache(maxsize=4096)
def request_field(name: bytes) -> tuple[str, Use]:
    """Return a request field's name in lower case and what is done with it.

    Raises:
        Refused: MALFORMED_REQUEST; AMBIGUOUS_HEADER where the name holds `_`, which many servers read as `-`.
    """
    text = field_name(name)
    if text is None:
        raise Refused(Reason.MALFORMED_REQUEST, "a header name holds a character that it must not")
    if "_" in text:
        raise Refused(Reason.AMBIGUOUS_HEADER, "a header name holds an underscore")
    if text == "connection":
        return text, Use.CONNECTION
    if text in FROM_EDGE or text in {"transfer-encoding", "expect"}:
        return text, Use.READ_ONE
    if text in SINGLE:
        return text, Use.KEEP_ONE
    if text in HOP_BY_HOP or text in INTERNAL or text.startswith(INTERNAL_PREFIXES):
        return text, Use.DROP
    return text, Use.KEEP


@lru_cache(maxsize=4096)
def field_name(name: bytes) -> str | None:
    """Return a field name in lower case, or None for what is no token of at most `LONGEST_NAME` octets."""
    if not name or len(name) > LONGEST_NAME or not TOKEN.issuperset(name):
        return None
    return name.decode("ascii").lower()


def connection_options(value: str) -> frozenset[str]:
    """Return the options of a `Connection` value in lower case: fields that end with this hop, or `close`."""
    return frozenset(option.strip().lower() for option in value.split(",")) - {""}
