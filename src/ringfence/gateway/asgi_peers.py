"""Who is at the other end of an ASGI server's connection: what the server itself saw, and no header.  RFC 8705 §3.1; ASGI 3.0.

Nothing that stands in a request is believed. A server that believes a proxy's headers puts what they say into the
scope's `client`: that is the server's setting, and whoever turns it on answers for the proxy.
"""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ringfence.message import Peer
from ringfence.problem import Reason, Refused

PeerOf = Callable[[Mapping[str, Any]], Peer]
"""Says who is at the other end, from an HTTP scope.  May raise Refused."""


def connection_peer(scope: Mapping[str, Any]) -> Peer:
    """Return the address of the connection. There is no client certificate."""
    client = scope.get("client")
    return Peer(str(client[0]) if client else "")


def tls_peer(scope: Mapping[str, Any]) -> Peer:
    """Return the address, and the client certificate that the server verified in the handshake.

    Only for a server that asks for a certificate, verifies it against the partners' authorities, and tells of it by
    ASGI's TLS extension. One that it took although it did not verify (`client_cert_error`) is refused.

    Raises:
        Refused: CERTIFICATE_MISMATCH for a certificate that the server did not verify, or that is none.
    """
    plain = connection_peer(scope)
    told = (scope.get("extensions") or {}).get("tls") or {}
    chain = list(told.get("client_cert_chain") or ())
    if not chain:
        return plain
    if told.get("client_cert_error"):
        raise Refused(Reason.CERTIFICATE_MISMATCH, private=f"not verified: {told['client_cert_error']}"[:200])
    try:
        certificate = x509.load_pem_x509_certificate(str(chain[0]).encode("ascii"))
    except ValueError:
        raise Refused(Reason.CERTIFICATE_MISMATCH, private="the server told of no PEM certificate") from None
    digest = hashlib.sha256(certificate.public_bytes(Encoding.DER)).digest()
    thumbprint = urlsafe_b64encode(digest).decode("ascii").rstrip("=")
    subject = certificate.subject.rfc4514_string()
    return Peer(plain.address, thumbprint, subject, certificate.public_bytes(Encoding.PEM).decode("ascii"))
