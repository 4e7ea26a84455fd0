"""Compare the URL in a proof with the URL that was called.  RFC 9449 §4.3, item 9; RFC 3986 §6.2.2, §6.2.3."""

import re
import string
from typing import Final

from ringfence.problem import Reason, Refused

_URL: Final = re.compile(r"(https?)://([^/?#@\\\s]+)(/[^?#\s]*)?(?:[?#].*)?", re.IGNORECASE | re.ASCII | re.DOTALL)
_PERCENT: Final = re.compile(r"%([0-9A-Fa-f]{2})", re.ASCII)
_UNRESERVED: Final = frozenset(string.ascii_letters + string.digits + "-._~")
_DEFAULT_PORTS: Final = {"https": ":443", "http": ":80"}


def check_target(named: str, called: str) -> None:
    """Return if both URLs name one resource; query and fragment of `named` do not count.

    Dot segments are not resolved: no URL that we serve holds one.

    Args:
        named: the proof's `htu`.
        called: scheme, authority and path of the call.

    Raises:
        Refused: PROOF_URL.
    """
    if named != called and normalized(named) != normalized(called):
        raise Refused(Reason.PROOF_URL)


def normalized(url: str) -> str:
    """Return an http URL without query and fragment in normal form.

    Scheme and host are lower case, the scheme's own port is gone, an empty path is `/`, and a
    character that needs no percent-encoding has none.

    Raises:
        Refused: PROOF_URL if it is no such URL, or holds user information.
    """
    match = _URL.fullmatch(url)
    if match is None:
        raise Refused(Reason.PROOF_URL, "htu is not an https URL")
    scheme, authority = match[1].lower(), match[2].lower()
    authority = authority.removesuffix(_DEFAULT_PORTS[scheme]).removesuffix(":")
    return f"{scheme}://{authority}{_PERCENT.sub(_plain, match[3] or '/')}"


def _plain(match: re.Match[str]) -> str:
    character = chr(int(match[1], 16))
    return character if character in _UNRESERVED else match[0].upper()
