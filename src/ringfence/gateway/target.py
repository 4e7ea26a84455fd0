"""Read a request target so that nobody after us can read it another way.  RFC 9112 §3.2.1; RFC 3986 §3.3, §6.2.2.

Refused is what servers are known to disagree on: encoded slashes, dot segments however they are
written, double encoding, characters encoded without need, empty segments, backslashes.
"""

import re
from typing import Final
from urllib.parse import unquote_to_bytes

from ringfence.problem import Reason, Refused

LONGEST_TARGET: Final = 8192
"""Octets of path and query together: what common servers take (RFC 9112 §3 asks for 8000 at least)."""

_UNRESERVED: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
_PATH_PLAIN: Final = _UNRESERVED + b"/!$&'()*+,=:@"
"""Path octets that need no second look; `;` and `%` do."""
_QUERY: Final = _UNRESERVED + b"/!$&'()*+,=:@;?%[]|{}^`"
"""Query octets taken as they are. Brackets and braces are not in RFC 3986 but in wide use, and nothing reads them twice."""
_ESCAPE: Final = re.compile(rb"%([0-9A-Fa-f]{2})?")
_DOUBLE: Final = re.compile(rb"%25(?=[0-9A-Fa-f]{2})")
_NEVER_ENCODED: Final = frozenset(b"/\\.%;") | frozenset(_UNRESERVED) - frozenset(b"~")
"""What a path may not hold in percent-encoded form; `.` and the unreserved because it makes two spellings of one path.

`~` is spared: encoders older than RFC 3986 write `%7E`. `%25` is judged by what follows it.
"""
_CONTROL: Final = frozenset(range(0x20)) | {0x7F}


def read_target(target: bytes) -> tuple[str, str]:
    """Return the path and the query of an origin-form request target, both still percent-encoded.

    Raises:
        Refused: MALFORMED_REQUEST, UNSAFE_PATH or HEADERS_TOO_LARGE (with status 414).
    """
    if len(target) > LONGEST_TARGET:
        raise Refused(Reason.HEADERS_TOO_LARGE, f"the URL is longer than {LONGEST_TARGET} octets", status=414)
    if not target.startswith(b"/"):
        raise Refused(Reason.MALFORMED_REQUEST, "the request target must be a path")
    path, _, query = target.partition(b"?")
    if path.translate(None, _PATH_PLAIN):
        _check_path(path)
    if b"//" in path:
        raise Refused(Reason.UNSAFE_PATH, "the path holds an empty segment")
    if b"/." in path:
        _check_dots(path)
    if query:
        _check_query(query)
    return path.decode("ascii"), query.decode("ascii")


def _check_path(path: bytes) -> None:
    """Look at a path that holds more than plain characters."""
    if b"\\" in path or b"#" in path or path.translate(None, _PATH_PLAIN + b"%;"):
        raise Refused(Reason.UNSAFE_PATH, "the path holds a character that must be percent-encoded or left out")
    _check_escapes(path, Reason.UNSAFE_PATH)
    for match in _ESCAPE.finditer(path):
        octet = int(match[1], 16)
        if octet in _CONTROL or (octet in _NEVER_ENCODED and octet != ord("%")):
            raise Refused(Reason.UNSAFE_PATH, f"the path holds {match[0].decode()}")
    if _DOUBLE.search(path):
        raise Refused(Reason.UNSAFE_PATH, "the path is percent-encoded twice")
    _check_dots(path)


def _check_dots(path: bytes) -> None:
    """Refuse `.` and `..` segments, also with parameters behind them (`..;x`).

    Encoded dots do not get here. Parameters count because some servers cut them off before they resolve dots.
    """
    for segment in path.split(b"/"):
        if segment.partition(b";")[0] in {b".", b".."}:
            raise Refused(Reason.UNSAFE_PATH, "the path holds a dot segment")


def _check_query(query: bytes) -> None:
    if query.translate(None, _QUERY):
        raise Refused(Reason.MALFORMED_REQUEST, "the query holds a character that must be percent-encoded")
    if b"%" in query:
        _check_escapes(query, Reason.MALFORMED_REQUEST)
        if b"%00" in query:
            raise Refused(Reason.MALFORMED_REQUEST, "the query holds %00")


def _check_escapes(text: bytes, reason: Reason) -> None:
    """Refuse a `%` without two hexadecimal digits, and escapes that give no UTF-8 (overlong forms included)."""
    for match in _ESCAPE.finditer(text):
        if match[1] is None:
            raise Refused(reason, "a percent sign is not followed by two hexadecimal digits")
    try:
        unquote_to_bytes(text).decode("utf-8")
    except UnicodeDecodeError:
        raise Refused(reason, "percent-encoded octets are not UTF-8") from None
