"""The certificate and key that a listener presents: read, found to belong together, named to Envoy through SDS."""

import hashlib
from pathlib import Path
from typing import Any

import msgspec
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from ringfence.edge.discovery import discovery
from ringfence.edge.files import read_file, replace_file
from ringfence.edge.routes import ListenerName
from ringfence.edge.tls import server_secret
from ringfence.problem import Reason, Refused


class Pair(msgspec.Struct, frozen=True):
    """Paths of a listener's certificate chain and private key, both PEM."""

    listener: ListenerName
    certificate: Path
    key: Path


def write_pair(pair: Pair, file: Path) -> bool:
    """Write the SDS file of a pair and say whether Envoy now has something to read.

    Envoy reads the pair again when one is renamed into its place. It does not when a file was written over
    or a symbolic link was set anew, and it skips an SDS file that says what it said before. So a pair with
    new contents under old names is named by another spelling of the same paths.

    Raises:
        Refused: POLICY_INVALID where a file cannot be read, is not PEM, or the two do not belong together.
    """
    version = _version(pair)
    plain, respelled = (discovery([_resource(pair, dot)], version) for dot in (False, True))
    held = file.read_bytes() if file.exists() else b""
    if held in (plain, respelled):
        return False
    replace_file(file, respelled if held and _named(held) == _named(plain) else plain)
    return True


def _version(pair: Pair) -> str:
    where = f"listeners.{pair.listener}.tls"
    certificate = read_file(pair.certificate, f"{where}.certificate")
    key = read_file(pair.key, f"{where}.key")
    try:
        presented = x509.load_pem_x509_certificates(certificate)[0].public_key()
    except ValueError as error:
        raise Refused(Reason.POLICY_INVALID, f"{where}.certificate: {pair.certificate} is not PEM") from error
    try:
        held = load_pem_private_key(key, None).public_key()
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise Refused(
            Reason.POLICY_INVALID, f"{where}.key: {pair.key} is not an unencrypted private key in PEM"
        ) from error
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if presented.public_bytes(*form) != held.public_bytes(*form):
        raise Refused(Reason.POLICY_INVALID, f"{where}.key: {pair.key} does not belong to {pair.certificate}")
    # One may stand for the other's length: a digest of digests keeps them apart.
    return hashlib.sha256(hashlib.sha256(certificate).digest() + hashlib.sha256(key).digest()).hexdigest()


def _resource(pair: Pair, dot: bool) -> dict[str, Any]:
    certificate, key = (f"{path.parent}/{'./' if dot else ''}{path.name}" for path in (pair.certificate, pair.key))
    return server_secret(pair.listener, certificate, key)


def _named(held: bytes) -> Any:
    return msgspec.json.decode(held)["resources"]
