"""Who is at the other end, as the edge reports it.  RFC 8705 §3.1; RFC 5952.

Our sockets are open to the edge alone, and the edge overwrites these fields. Whatever is wrong here
is therefore our own mistake and refused as such.
"""

import binascii
import re
from base64 import urlsafe_b64encode
from functools import lru_cache
from typing import Final, NoReturn
from urllib.parse import unquote_to_bytes

from ringfence.message import Peer
from ringfence.problem import Reason, Refused

PEER: Final = "x-ringfence-peer"
LISTENER: Final = "x-ringfence-listener"
CERTIFICATE: Final = "x-forwarded-client-cert"
"""The fields in which the edge says who it is."""

PUBLIC: Final = "public"
MTLS: Final = "mtls"

LONGEST_ADDRESS: Final = 61
"""45 characters of IPv6 and a zone."""

_ADDRESS: Final = re.compile(r"[0-9A-Fa-f:.]{2,45}(%[A-Za-z0-9_.-]{1,15})?|unix")
"""An IP address without brackets; 45 characters is the longest IPv6 form. `unix`: no network."""
_KEYS: Final = frozenset({"By", "Hash", "Cert", "Chain", "Subject", "URI", "DNS"})
"""Keys that Envoy writes."""
_REPEATABLE: Final = frozenset({"By", "URI", "DNS"})
_PAIR: Final = re.compile(r'([A-Za-z]{2,8})=(?:"((?:[^"\\]|\\["\\])*)"|([^";,\\]*))')
_SHA256_HEX: Final = re.compile(r"[0-9a-f]{64}")
_LONGEST_SUBJECT: Final = 1024


def read_peer(address: str | None, listener: str | None, certificate: str | None) -> Peer:
    """Return the peer from the edge's fields.

    Args:
        address: the network address without port.
        listener: `public` or `mtls`; on `public` a certificate is not looked at.
        certificate: the `x-forwarded-client-cert` value, None where the peer presented none.

    Raises:
        Refused: INTERNAL.
    """
    if address is None or not _ADDRESS.fullmatch(address):
        _fault("no peer address")
    if listener == PUBLIC or (listener == MTLS and certificate is None):
        return Peer(address)
    if listener != MTLS or certificate is None:
        _fault("no such listener")
    thumbprint, subject, pem = read_client_certificate(certificate)
    return Peer(address, thumbprint, subject, pem)


@lru_cache(maxsize=256)
def read_client_certificate(text: str) -> tuple[str, str, str]:
    """Return thumbprint (`x5t#S256`), subject and PEM from one `x-forwarded-client-cert` element.

    Subject and PEM are `""` where the edge does not send them. Remembered by the whole text: a
    partner's certificate comes with every call.

    Raises:
        Refused: INTERNAL, also for more than one element: we are the first hop, so there is one.
    """
    pairs: dict[str, str] = {}
    position = 0
    while True:
        match = _PAIR.match(text, position)
        if match is None:
            _fault("the certificate field does not parse")
        key = match[1]
        value = match[3] if match[2] is None else match[2].replace('\\"', '"').replace("\\\\", "\\")
        if key not in _KEYS or (key in pairs and key not in _REPEATABLE):
            _fault("the certificate field has an unknown or repeated key")
        pairs[key] = value
        position = match.end()
        if position == len(text):
            break
        if text[position] != ";":
            _fault("the certificate field has more than one element")
        position += 1
    digest = pairs.get("Hash", "")
    if not _SHA256_HEX.fullmatch(digest):
        _fault("the certificate field has no hash")
    thumbprint = urlsafe_b64encode(binascii.unhexlify(digest)).decode("ascii").rstrip("=")
    subject = pairs.get("Subject", "")
    if len(subject) > _LONGEST_SUBJECT:
        _fault("the certificate's subject is too long")
    return thumbprint, subject, _pem(pairs.get("Cert", ""))


def _pem(escaped: str) -> str:
    try:
        return unquote_to_bytes(escaped).decode("ascii")
    except UnicodeDecodeError:
        _fault("the certificate is not PEM")


def _fault(what: str) -> NoReturn:
    raise Refused(Reason.INTERNAL, private=f"edge: {what}")
