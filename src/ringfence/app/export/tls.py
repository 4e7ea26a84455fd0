"""TLS to an operator's own sink: verified by their authority, with our certificate where they want one.  RFC 9325; RFC 5425."""

import ssl
from pathlib import Path


def client_tls(authority: Path | None, certificate: Path | None, key: Path | None) -> ssl.SSLContext:
    """Return a context that verifies the server and its name.

    Args:
        authority: PEM file; None: the system's authorities.
        certificate: PEM file with our certificate; None: we show none.
        key: PEM file with its key.

    Raises:
        OSError: a file cannot be read or is not what it should be (ssl.SSLError is one).
    """
    context = ssl.create_default_context(cafile=authority)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if certificate is not None:
        context.load_cert_chain(certificate, key)
    return context
