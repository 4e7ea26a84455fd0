"""Refuse a value that is two values merged by a comma.  RFC 9110 §5.3, §11.4; RFC 8941 §1.

Proxies join repeated field lines with a comma. For a field with one value that makes a text which
two readers could cut in two places.
"""

import re
from typing import Final

from ringfence.problem import Reason, Refused

NEVER_COMMA: Final = ("host", "dpop", "content-length", "content-encoding", "traceparent", "idempotency-key")
"""Fields whose one value has no comma in it."""

_QUOTED: Final = re.compile(r'"(?:[^"\\]|\\.)*"')
_TOKEN68: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+ +[A-Za-z0-9._~+/-]+=*")
_AUTH_PARAM: Final = re.compile(r"(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+ +)?[!#$%&'*+.^_`|~0-9A-Za-z-]+[ \t]*=[ \t]*[^=\s]+")


def check_single(values: dict[str, str]) -> None:
    """Look at the single-valued fields of a request, by name.  Raises Refused AMBIGUOUS_HEADER."""
    for name in NEVER_COMMA:
        if "," in values.get(name, ""):
            _refuse(name)
    media_type = values.get("content-type")
    if media_type is not None and "," in media_type and "," in _QUOTED.sub("", media_type):
        _refuse("content-type")
    credentials = values.get("authorization")
    if credentials is not None and "," in credentials:
        _check_credentials(credentials)


def _check_credentials(value: str) -> None:
    """Take a comma only between parameters of one scheme (`Digest a="b", c=d`), never between two credentials."""
    first, *rest = (part.strip() for part in _QUOTED.sub("q", value).split(","))
    if _TOKEN68.fullmatch(first) or not _AUTH_PARAM.fullmatch(first):
        _refuse("authorization")
    for part in rest:
        if " " in part.replace(" =", "=").replace("= ", "=") or not _AUTH_PARAM.fullmatch(part):
            _refuse("authorization")


def _refuse(name: str) -> None:
    raise Refused(Reason.AMBIGUOUS_HEADER, f"{name} has more than one value")
