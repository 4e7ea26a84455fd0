"""Who is at the other end, from what the edge says of them.  RFC 8705 §2, §3; Envoy `x-forwarded-client-cert`.

The edge replaces these fields whatever a caller sent, and only the edge reaches our socket.
"""

import base64
import re
from typing import Final
from urllib.parse import unquote

from ringfence.message import Headers, Peer
from ringfence.problem import Reason, Refused

PEER: Final = "x-ringfence-peer"
LISTENER: Final = "x-ringfence-listener"
CERTIFICATE: Final = "x-forwarded-client-cert"

_PAIR: Final = re.compile(r'([A-Za-z]+)=("(?:[^"\\]|\\.)*"|[^;,"]*)(;|$)')
"""One `Key=value` of a single XFCC element; a quoted value escapes with a backslash."""

_LISTENERS: Final = ("public", "mtls")

_HASH: Final = re.compile(r"[0-9a-f]{64}")


def read_peer(headers: Headers) -> tuple[Peer, str]:
    """Return the peer and the listener's name, `public` or `mtls`.

    Raises:
        Refused: INTERNAL where a field that the edge sets is repeated or cannot be read.
    """
    address = _only(headers, PEER)
    listener = _only(headers, LISTENER)
    if not address or listener not in _LISTENERS:
        raise Refused(Reason.INTERNAL, private="the edge's peer or listener field is missing")
    described = _only(headers, CERTIFICATE) if listener == "mtls" else ""
    if not described:
        return Peer(address), listener
    found = _pairs(described)
    digest = found.get("hash", "")
    if not _HASH.fullmatch(digest):
        raise Refused(Reason.INTERNAL, private="the edge's certificate field has no SHA-256")
    thumbprint = base64.urlsafe_b64encode(bytes.fromhex(digest)).decode("ascii").rstrip("=")
    return Peer(address, thumbprint, found.get("subject", ""), unquote(found.get("cert", ""))), listener


def _only(headers: Headers, name: str) -> str:
    values = [value for key, value in headers if key == name]
    if len(values) > 1:
        raise Refused(Reason.INTERNAL, private=f"the edge's field {name} came {len(values)} times")
    return values[0] if values else ""


def _pairs(element: str) -> dict[str, str]:
    found: dict[str, str] = {}
    at = 0
    while at < len(element):
        match = _PAIR.match(element, at)
        if match is None:
            raise Refused(Reason.INTERNAL, private="the edge's certificate field cannot be read")
        key, value, _ = match.groups()
        # of names that may come several times (URI, DNS) none is used
        found.setdefault(key.lower(), re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value)
        at = match.end()
    return found
