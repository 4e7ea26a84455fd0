"""Certificates for development, demonstrations and tests: a small authority of our own.  RFC 5280 §4.2.

Not for production: the authority's key lies beside what it signs. A bank brings its certificates, or its
ACME client puts them where the policy names them.
"""

import datetime as dt
import ipaddress
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ringfence.clock import Instant
from ringfence.edge.files import replace_file
from ringfence.problem import Reason, Refused

AUTHORITY_DAYS: Final = 730
LEAF_DAYS: Final = 397
"""Longest life that browsers took of a server certificate until 2026 (CA/Browser Forum ballot SC-031)."""
BACKDATED_SECONDS: Final = 300
"""So that a machine whose clock is a little behind takes the certificate at once."""

_KEY_MODE: Final = 0o600


def create_development_certificates(directory: Path, hosts: Sequence[str], now: Instant) -> None:
    """Write `ca.pem`, `ca.key`, `server.pem` and `server.key` into `directory`; keys are readable by the owner only.

    Args:
        directory: is made if absent. Files that are there are replaced.
        hosts: DNS names and IP addresses that the server certificate is for.
        now: when the certificates begin.

    Raises:
        Refused: CONFLICT where `hosts` is empty.
    """
    if not hosts:
        raise Refused(Reason.CONFLICT, "a server certificate needs at least one host name or address")
    directory.mkdir(parents=True, exist_ok=True)
    authority_key = ec.generate_private_key(ec.SECP256R1())
    name = _name("Ringfence development authority")
    authority = (
        _started(name, name, authority_key.public_key(), now, AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    server_key = ec.generate_private_key(ec.SECP256R1())
    server = (
        _leaf(_name(hosts[0]), authority, authority_key, server_key, now, ExtendedKeyUsageOID.SERVER_AUTH)
        .add_extension(x509.SubjectAlternativeName([_general_name(host) for host in hosts]), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    _write_pair(directory, "ca", authority, authority_key)
    _write_pair(directory, "server", server, server_key)


def issue_client_certificate(
    directory: Path, name: str, now: Instant, *, self_signed: bool = False
) -> tuple[Path, Path]:
    """Write a client's certificate and key into `directory` and return their paths.

    Args:
        directory: where `create_development_certificates` wrote its authority.
        name: the subject's common name, and the stem of the files.
        now: when the certificate begins.
        self_signed: signed with its own key (RFC 8705 §2.2) in place of the authority's.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    if self_signed:
        subject = _name(name)
        certificate = (
            _started(subject, subject, key.public_key(), now, LEAF_DAYS)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
            .sign(key, hashes.SHA256())
        )
    else:
        authority = x509.load_pem_x509_certificate((directory / "ca.pem").read_bytes())
        authority_key = serialization.load_pem_private_key((directory / "ca.key").read_bytes(), None)
        assert isinstance(authority_key, ec.EllipticCurvePrivateKey), "ca.key is the one that we wrote"
        certificate = _leaf(_name(name), authority, authority_key, key, now, ExtendedKeyUsageOID.CLIENT_AUTH).sign(
            authority_key, hashes.SHA256()
        )
    return _write_pair(directory, name, certificate, key)


def _leaf(
    subject: x509.Name,
    authority: x509.Certificate,
    authority_key: ec.EllipticCurvePrivateKey,
    key: ec.EllipticCurvePrivateKey,
    now: Instant,
    purpose: x509.ObjectIdentifier,
) -> x509.CertificateBuilder:
    public = authority_key.public_key()
    return (
        _started(subject, authority.subject, key.public_key(), now, LEAF_DAYS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(public), critical=False)
    )


def _started(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: Instant, days: int
) -> x509.CertificateBuilder:
    begins = dt.datetime.fromtimestamp(now - BACKDATED_SECONDS, tz=dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + dt.timedelta(days=days))
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _write_pair(
    directory: Path, stem: str, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey
) -> tuple[Path, Path]:
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    key_path = replace_file(directory / f"{stem}.key", pem, _KEY_MODE)
    return replace_file(directory / f"{stem}.pem", certificate.public_bytes(serialization.Encoding.PEM)), key_path
