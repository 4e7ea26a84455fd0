"""Read a JSON object from a request's body, strictly.  RFC 7591 §3.1; RFC 8259."""

from typing import Any, Final

from ringfence import strict_json
from ringfence.message import Request
from ringfence.problem import Reason, Refused

MAX_DEPTH: Final = 8
"""Client metadata with a key set has four levels."""

MOST_MEMBERS: Final = 100
"""More than twice as many as are registered with IANA for clients and in use."""


def read_object(request: Request) -> dict[str, Any]:
    """Return the object in the body.

    Raises:
        Refused: MEDIA_TYPE, ENCODED_BODY, JSON_MALFORMED, JSON_DUPLICATE_KEY, JSON_TOO_DEEP or OAUTH_REQUEST.
    """
    kinds = request.all_headers("content-type")
    if len(kinds) != 1 or kinds[0].partition(";")[0].strip().lower() != "application/json":
        raise Refused(Reason.MEDIA_TYPE, "send application/json", status=400)
    if any(value.strip().lower() not in ("", "identity") for value in request.all_headers("content-encoding")):
        raise Refused(Reason.ENCODED_BODY)
    if request.query:
        raise Refused(Reason.OAUTH_REQUEST, "send the metadata in the body, nothing in the URL")
    document = strict_json.parse(request.body, max_depth=MAX_DEPTH)
    if not isinstance(document, dict):
        raise Refused(Reason.OAUTH_REQUEST, "the body is a JSON object")
    if len(document) > MOST_MEMBERS:
        raise Refused(Reason.OAUTH_REQUEST, f"at most {MOST_MEMBERS} members are taken")
    return document
