"""The authorities whose client certificates are trusted, in one PEM file.  RFC 8705 §2.1."""

from collections.abc import Sequence
from pathlib import Path

from cryptography import x509

from ringfence.edge.files import read_file
from ringfence.problem import Reason, Refused

_WHERE = "listeners.mtls.client_certificates.authorities"


def bundle(paths: Sequence[Path]) -> bytes:
    """Return the certificates of all files, one after the other.

    Raises:
        Refused: POLICY_INVALID where a file cannot be read, is not PEM, or holds what is no authority's.
    """
    return b"".join(_authorities(path) for path in paths)


def _authorities(path: Path) -> bytes:
    content = read_file(path, _WHERE)
    try:
        certificates = x509.load_pem_x509_certificates(content)
        constraints = [c.extensions.get_extension_for_class(x509.BasicConstraints).value for c in certificates]
    except (ValueError, x509.ExtensionNotFound) as error:
        raise Refused(Reason.POLICY_INVALID, f"{_WHERE}: {path} is not PEM with authorities' certificates") from error
    if not all(constraint.ca for constraint in constraints):
        raise Refused(Reason.POLICY_INVALID, f"{_WHERE}: {path} holds a certificate that is no authority's")
    return content.strip() + b"\n"
