"""Make the keys and development certificates of a new installation; what is there already stays."""

from collections.abc import Sequence
from pathlib import Path

from ringfence.clock import Instant
from ringfence.edge.certificates import create_development_certificates
from ringfence.keys.providers.local import create_signing_key
from ringfence.policy.places import Places

CERTIFICATES = ("ca.pem", "ca.key", "server.pem", "server.key")


def create_keys(where: Places, certificates: Path, hosts: Sequence[str], algorithm: str, now: Instant) -> None:
    """Write a development authority and server certificate, and the token-signing key.

    Args:
        where: the installation; the signing key goes to `where.signing_key`.
        certificates: directory of `ca.pem`, `ca.key`, `server.pem` and `server.key`.
        hosts: names and addresses of the server certificate.
        algorithm: of the signing key, `ES256` or `PS256`.
        now: when the certificates begin.

    Raises:
        Refused: no host was named.
        KeyUnusable: the signing key cannot be written.
    """
    if not all((certificates / name).is_file() for name in CERTIFICATES):
        create_development_certificates(certificates, hosts, now)
    if not where.signing_key.exists() and not where.signer_ledger.exists():
        where.keys.mkdir(parents=True, exist_ok=True, mode=0o700)
        create_signing_key(where.signing_key, algorithm)
