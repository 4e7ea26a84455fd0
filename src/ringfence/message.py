"""An HTTP message as the deciding code sees it: frozen, already read, without a socket.  RFC 9110."""

from collections.abc import AsyncIterator

import msgspec

from ringfence.ids import CorrelationId

Headers = tuple[tuple[str, str], ...]
"""Field lines in the order received: names in lower case, values stripped, duplicates kept."""


class TraceContext(msgspec.Struct, frozen=True, gc=False):
    """W3C trace context of a call: who called us (`parent_id`), and our own span."""

    trace_id: str
    span_id: str
    sampled: bool
    parent_id: str = ""

    def traceparent(self) -> str:
        """Return the `traceparent` field value to send onward."""
        return f"00-{self.trace_id}-{self.span_id}-{'01' if self.sampled else '00'}"


class Peer(msgspec.Struct, frozen=True, gc=False):
    """Who is at the other end of the connection, as the edge saw it.

    `address` is the network address without port. `certificate_sha256` is the SHA-256 of the
    client certificate's DER form in base64url (43 characters, `x5t#S256` of RFC 8705 §3.1), or
    `""` where the edge saw none.
    """

    address: str
    certificate_sha256: str = ""
    certificate_subject: str = ""
    certificate_pem: str = ""


class Request(msgspec.Struct, frozen=True):
    """A request whose body has been read whole, within the operation's limit.

    `path` is the raw path as it came (percent-encoding kept, no query); `query` has no `?`.
    `authority` is the `Host` or `:authority` value. `scheme` is what the partner used, `https`.
    """

    method: str
    scheme: str
    authority: str
    path: str
    query: str
    headers: Headers
    body: bytes
    peer: Peer
    correlation: CorrelationId
    trace: TraceContext
    dropped: tuple[str, ...] = ()
    """Names of fields that were not taken: of one connection only, or such as only our own processes may set."""

    def header(self, name: str) -> str | None:
        """Return the value of the first field of that (lower-case) name, or None."""
        for key, value in self.headers:
            if key == name:
                return value
        return None

    def all_headers(self, name: str) -> list[str]:
        """Return the values of every field line of that (lower-case) name, in order."""
        return [value for key, value in self.headers if key == name]

    @property
    def target(self) -> str:
        """The path with its query, as it stands in a request line."""
        return f"{self.path}?{self.query}" if self.query else self.path

    @property
    def url(self) -> str:
        """The URL that was called, without query: what a proof's `htu` names (RFC 9449 §4.2)."""
        return f"{self.scheme}://{self.authority}{self.path}"


class Response(msgspec.Struct, frozen=True):
    """A response: a whole body, or a stream of pieces that the way out passes on as they come."""

    status: int
    headers: Headers
    body: bytes | AsyncIterator[bytes] = b""
