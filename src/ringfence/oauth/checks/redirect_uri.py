"""Send customers back only to where the client registered.  RFC 6749 §3.1.2; RFC 8252 §7.3; FAPI 2.0 SP §5.3.2.2-6, -8."""

import re
from typing import Final
from urllib.parse import SplitResult, urlsplit

from ringfence.problem import Reason, Refused

_URI_CHARACTERS: Final = re.compile(r"[A-Za-z0-9._~:/?@!$&'()*+,;=%\[\]-]+")
"""RFC 3986 §2 without `#`: a redirection URI has no fragment."""

_LOOPBACK: Final = ("127.0.0.1", "::1")
"""RFC 8252 §8.3: the addresses, not the name `localhost`."""


def require_redirect_uri(presented: str, registered: tuple[str, ...]) -> str:
    """Return the redirection URI if the client registered it, character by character.

    For a native client's loopback address the port may be another one.

    Raises:
        Refused: REDIRECT_URI_INVALID.
    """
    if not presented:
        raise Refused(Reason.REDIRECT_URI_INVALID, "redirect_uri is missing")
    parts = _split(presented)
    if presented in registered:
        return presented
    if _is_loopback(parts) and any(_same_but_port(parts, uri) for uri in registered):
        return presented
    raise Refused(Reason.REDIRECT_URI_INVALID)


def _split(uri: str) -> SplitResult:
    """Return the parts of a URI that we would redirect to at all."""
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError:
        raise Refused(Reason.REDIRECT_URI_INVALID, "it is not a URI") from None
    if not _URI_CHARACTERS.fullmatch(uri) or not parts.hostname or port == 0:
        raise Refused(Reason.REDIRECT_URI_INVALID, "it is not a URI of scheme, host and path, without fragment")
    if "@" in parts.netloc:
        raise Refused(Reason.REDIRECT_URI_INVALID, "it holds user information")
    if parts.scheme != "https" and not _is_loopback(parts):
        raise Refused(Reason.REDIRECT_URI_INVALID, "it is neither https nor a loopback address")
    return parts


def _is_loopback(parts: SplitResult) -> bool:
    return parts.scheme == "http" and parts.hostname in _LOOPBACK


def _same_but_port(parts: SplitResult, registered: str) -> bool:
    other = urlsplit(registered)
    same = (parts.hostname, parts.path, parts.query) == (other.hostname, other.path, other.query)
    return _is_loopback(other) and same
