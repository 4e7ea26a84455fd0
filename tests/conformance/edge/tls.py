"""What FAPI allows of TLS, tried from outside.  FAPI 2.0 SP §5.2.1, §5.2.2; RFC 9325 §4.2."""

import socket
import ssl
import warnings
from functools import cache
from pathlib import Path

GOOD = {
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-CHACHA20-POLY1305",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-RSA-CHACHA20-POLY1305",
}


def agreed(port: int, context: ssl.SSLContext) -> tuple[str, str]:
    """Return the version and cipher that the server chose.  Raises OSError, which ssl.SSLError is one of."""
    plain = socket.create_connection(("127.0.0.1", port), timeout=5)
    with plain, context.wrap_socket(plain, server_hostname="localhost") as secure:
        cipher = secure.cipher()
        return secure.version() or "", cipher[0] if cipher else ""


@cache
def refuses_old_versions(port: int, authority: Path) -> None:
    """TLS 1.0 and 1.1 are refused, and 1.3 is chosen where both can do it."""
    for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
        context = ssl.create_default_context(cafile=authority)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = version
        context.set_ciphers("ALL:@SECLEVEL=0")
        try:
            agreed(port, context)
        except OSError:
            continue
        raise AssertionError(f"{version.name} is taken on {port}")
    assert agreed(port, ssl.create_default_context(cafile=authority))[0] == "TLSv1.3"


@cache
def allowed_ciphers(port: int, authority: Path) -> None:
    """With TLS 1.2 nothing is agreed but what FAPI lists; a server without TLS 1.2 agrees nothing."""
    for cipher in {one["name"] for one in ssl.create_default_context().get_ciphers()} | {
        "AES128-SHA",
        "AES128-GCM-SHA256",
    }:
        context = ssl.create_default_context(cafile=authority)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        try:
            context.set_ciphers(f"{cipher}:@SECLEVEL=0")
        except ssl.SSLError:
            continue  # one of TLS 1.3, or unknown to this build
        try:
            chosen = agreed(port, context)[1]
        except OSError:
            continue
        assert chosen in GOOD, f"{chosen} is taken on {port}"
