"""Bind tokens to certificates, and know clients by them.  RFC 8705 §2.1, §2.2, §3; RFC 4514; RFC 4517 §4.2.15."""

import base64
import hashlib
from collections.abc import Mapping
from typing import Any, Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from ringfence.clock import Instant
from ringfence.message import Peer
from ringfence.problem import Reason, Refused
from ringfence.proofs.access_token import AccessToken
from ringfence.proofs.jwk import parse_public_jwk
from ringfence.proofs.segments import encode_segment

_RDN = frozenset[tuple[str, str]]

_ATTRIBUTES: Final = {
    "CN": NameOID.COMMON_NAME,
    "L": NameOID.LOCALITY_NAME,
    "ST": NameOID.STATE_OR_PROVINCE_NAME,
    "O": NameOID.ORGANIZATION_NAME,
    "OU": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "C": NameOID.COUNTRY_NAME,
    "STREET": NameOID.STREET_ADDRESS,
    "DC": NameOID.DOMAIN_COMPONENT,
    "UID": NameOID.USER_ID,
    "serialNumber": NameOID.SERIAL_NUMBER,
    "organizationIdentifier": NameOID.ORGANIZATION_IDENTIFIER,  # names the payment institution (ETSI TS 119 495 §5)
    "emailAddress": NameOID.EMAIL_ADDRESS,
}
# Attribute types are case-insensitive (RFC 4512 §1.4); the parser knows each as it is written here.
_NAMES: Final = {name: oid for key, oid in _ATTRIBUTES.items() for name in (key, key.lower(), key.upper())}

_X509_FAILURES: Final = (ValueError, UnsupportedAlgorithm)


def check_certificate(token: AccessToken, peer: Peer) -> None:
    """Return if the token is not bound to a certificate, or the caller presented that one.  RFC 8705 §3.

    Raises:
        Refused: CERTIFICATE_MISSING or CERTIFICATE_MISMATCH.
    """
    if not token.x5t_s256:
        return
    if not peer.certificate_sha256:
        raise Refused(Reason.CERTIFICATE_MISSING)
    if peer.certificate_sha256 != token.x5t_s256:
        raise Refused(Reason.CERTIFICATE_MISMATCH)


def certificate_thumbprint(pem: str) -> str:
    """Return a certificate's `x5t#S256`.  RFC 8705 §3.1.

    Raises:
        Refused: CLIENT_AUTHENTICATION if it is not one certificate in PEM.
    """
    return encode_segment(hashlib.sha256(_load(pem).public_bytes(Encoding.DER)).digest())


def check_subject(peer: Peer, registered: str) -> None:
    """Return if the caller's certificate has the registered subject.  RFC 8705 §2.1.

    That a trusted authority issued the certificate is for the edge to have verified.

    Args:
        peer: the caller, with its certificate in PEM.
        registered: the client's `tls_client_auth_subject_dn`, a text of RFC 4514.

    Raises:
        Refused: CLIENT_AUTHENTICATION.
    """
    try:
        expected = read_subject(registered)
        presented = _load(peer.certificate_pem).subject
    except _X509_FAILURES:
        raise Refused(Reason.CLIENT_AUTHENTICATION, "a certificate's subject cannot be read") from None
    if _comparable(expected) != _comparable(presented):
        raise Refused(Reason.CLIENT_AUTHENTICATION, "the certificate's subject is not the registered one")


def certificate_end(peer: Peer) -> Instant:
    """Return when the caller's certificate ends.  Raises Refused CLIENT_AUTHENTICATION without one."""
    return Instant(_load(peer.certificate_pem).not_valid_after_utc.timestamp())


def read_subject(registered: str) -> x509.Name:
    """Return the subject that a text of RFC 4514 names.  Raises ValueError if it names none."""
    subject = x509.Name.from_rfc4514_string(registered, _NAMES)
    if not list(subject):
        raise ValueError("an empty subject")
    return subject


def check_self_signed(peer: Peer, jwks: Mapping[str, Any]) -> None:
    """Return if the caller's certificate is one that the client registered.  RFC 8705 §2.2.2.

    A JWK with `x5c` stands for the certificate in its first element; one without, for every
    certificate of its key: the TLS handshake has shown that the caller holds it.

    Raises:
        Refused: CLIENT_AUTHENTICATION.
    """
    presented = _load(peer.certificate_pem)
    members = jwks.get("keys")
    for jwk in members if isinstance(members, list) else ():
        if isinstance(jwk, Mapping) and _is_registered(presented, jwk):
            return
    raise Refused(Reason.CLIENT_AUTHENTICATION, "the certificate is not among the registered ones")


def _is_registered(presented: x509.Certificate, jwk: Mapping[str, Any]) -> bool:
    if "x5c" in jwk:
        chain = jwk["x5c"]
        try:
            # x5c holds standard base64, not base64url (RFC 7517 §4.7)
            return bool(base64.b64decode(chain[0], validate=True) == presented.public_bytes(Encoding.DER))
        except (ValueError, TypeError, LookupError):
            return False
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    try:
        registered = parse_public_jwk(jwk, reason=Reason.CLIENT_AUTHENTICATION).key.public_key
        return bool(registered.public_bytes(*form) == presented.public_key().public_bytes(*form))
    except (Refused, *_X509_FAILURES):
        return False


def _load(pem: str) -> x509.Certificate:
    if not pem:
        raise Refused(Reason.CLIENT_AUTHENTICATION, "no client certificate was presented")
    try:
        return x509.load_pem_x509_certificate(pem.encode("utf-8", "surrogatepass"))
    except _X509_FAILURES:
        raise Refused(Reason.CLIENT_AUTHENTICATION, "the client certificate cannot be read") from None


def _comparable(name: x509.Name) -> list[_RDN]:
    """Return the subject as RFC 4517 compares it: case and repeated spaces do not count, order of RDNs does."""
    return [
        frozenset((attribute.oid.dotted_string, _prepared(attribute.value)) for attribute in rdn) for rdn in name.rdns
    ]


def _prepared(value: str | bytes) -> str:
    text = value if isinstance(value, str) else value.hex()
    return " ".join(text.split()).casefold()
