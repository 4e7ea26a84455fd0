"""Read parameters strictly: one encoding, no name twice, nothing that two readers could take differently.  RFC 6749 §3.1, §3.2."""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote_to_bytes

from ringfence.message import Request
from ringfence.problem import Reason, Refused

MAX_BODY_BYTES: Final = 65_536
"""A form is at most this long."""

MAX_PARAMETERS: Final = 64
"""More than twice as many as all specifications together define for one endpoint."""

_BROKEN_ESCAPE: Final = re.compile("%(?![0-9A-Fa-f]{2})")
_FORM: Final = re.compile(r"application/x-www-form-urlencoded(\s*;\s*charset=\"?utf-8\"?)?", re.IGNORECASE)

Form = Mapping[str, str]
"""Parameters by name, decoded. One without a value counts as absent (RFC 6749 §3.1)."""


def read_form(request: Request) -> Form:
    """Return the parameters of a form body.

    Raises:
        Refused: MEDIA_TYPE, ENCODED_BODY, OAUTH_PARAMETER_DUPLICATE or OAUTH_REQUEST.
    """
    kinds = request.all_headers("content-type")
    if len(kinds) != 1 or not _FORM.fullmatch(kinds[0].strip()):
        raise Refused(Reason.MEDIA_TYPE, "send application/x-www-form-urlencoded", status=400)
    if any(value.strip().lower() not in ("", "identity") for value in request.all_headers("content-encoding")):
        raise Refused(Reason.ENCODED_BODY)
    try:
        text = request.body.decode("ascii")
    except UnicodeDecodeError:
        raise Refused(Reason.OAUTH_REQUEST, "a form is ASCII with percent escapes") from None
    return read_pairs(text)


def read_pairs(text: str) -> Form:
    """Return the parameters of `a=b&c=d`.  Raises Refused OAUTH_PARAMETER_DUPLICATE or OAUTH_REQUEST."""
    found: dict[str, str] = {}
    pairs = text.split("&") if text else []
    if len(pairs) > MAX_PARAMETERS:
        raise Refused(Reason.OAUTH_REQUEST, f"at most {MAX_PARAMETERS} parameters are taken")
    for pair in pairs:
        name, _, value = pair.partition("=")
        key = _decoded(name)
        if key in found:
            raise Refused(Reason.OAUTH_PARAMETER_DUPLICATE, key[:64])
        found[key] = _decoded(value)
    return {key: value for key, value in found.items() if value}


def _decoded(text: str) -> str:
    if _BROKEN_ESCAPE.search(text):
        raise Refused(Reason.OAUTH_REQUEST, "a percent escape is broken")
    try:
        decoded = unquote_to_bytes(text.replace("+", " ")).decode("utf-8")
    except UnicodeDecodeError:
        raise Refused(Reason.OAUTH_REQUEST, "a parameter is not UTF-8") from None
    if "\x00" in decoded:
        raise Refused(Reason.OAUTH_REQUEST, "a parameter holds a NUL")
    return decoded
