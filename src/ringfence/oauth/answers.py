"""Build answers: JSON, redirects and pages, each with the fields that keep it safe.  RFC 6749 §5.1; OAuth 2.0 Security BCP §4.12, §4.16."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote, urlencode

import msgspec

from ringfence.message import Headers, Response
from ringfence.problem import Reason, Refused

NO_STORE: Final[Headers] = (("cache-control", "no-store"), ("pragma", "no-cache"))
"""RFC 6749 §5.1."""

CACHEABLE: Final[Headers] = (("cache-control", "public, max-age=300"),)
"""Public keys and metadata may be five minutes old: keys are published before they sign."""

ALWAYS: Final[Headers] = (
    ("strict-transport-security", "max-age=31536000"),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("x-frame-options", "DENY"),
)
"""On every answer.  FAPI 2.0 SP §5.2.3; RFC 6797."""

_LOCATION: Final = re.compile("[!-~]+")
"""RFC 3986 §2: printable ASCII, and no space."""

_NOT_A_PAGE: Final = ("content-security-policy", "default-src 'none'; frame-ancestors 'none'")


def json_response(body: Mapping[str, Any], *, status: int = 200, caching: Headers = NO_STORE) -> Response:
    """Return a JSON object."""
    return encoded_json(msgspec.json.encode(body), status=status, headers=caching)


def list_response(body: Sequence[Any]) -> Response:
    """Return a JSON array."""
    return encoded_json(msgspec.json.encode(body), status=200, headers=NO_STORE)


def encoded_json(body: bytes, *, status: int, headers: Headers, media_type: str = "application/json") -> Response:
    """Return JSON that is encoded already."""
    return Response(status, (("content-type", media_type), _NOT_A_PAGE, *ALWAYS, *headers), body)


def empty_response(status: int = 200) -> Response:
    """Return an answer without a body."""
    return Response(status, (_NOT_A_PAGE, *ALWAYS, *NO_STORE))


def see_other(location: str, cookies: Headers = ()) -> Response:
    """Return a 303, after which a browser never repeats what was posted.  FAPI 2.0 SP §5.3.2.2-10, -11.

    Raises:
        Refused: INTERNAL for a location that is no URI: it could end its header field and begin another.
    """
    if not _LOCATION.fullmatch(location):
        raise Refused(Reason.INTERNAL, private="a redirect would have held what no URI holds")
    return Response(303, (("location", location), _NOT_A_PAGE, *ALWAYS, *NO_STORE, *cookies))


def with_parameters(uri: str, parameters: Mapping[str, str]) -> str:
    """Return a redirection URI with parameters behind its own query, which stays.  RFC 6749 §3.1.2."""
    separator = "" if uri.endswith(("?", "&")) else "&" if "?" in uri else "?"
    present = {name: value for name, value in parameters.items() if value}
    return f"{uri}{separator}{urlencode(present, quote_via=quote)}"


def page_response(
    html: str,
    *,
    nonce: str,
    form_action: str,
    status: int = 200,
    script: str = "",
    cookies: Headers = (),
    pictures: bool = False,
) -> Response:
    """Return a page that loads nothing from elsewhere, runs nothing but the one script it names, and cannot be framed.

    Args:
        html: the whole document.
        nonce: of its style element.
        form_action: CSP sources that its forms may lead to, redirects included.
        status: of the answer.
        script: CSP source of its script; empty for none.
        cookies: `set-cookie` fields.
        pictures: whether it shows pictures, of our own origin only.
    """
    images = "img-src 'self'; " if pictures else ""
    policy = (
        f"default-src 'none'; {images}style-src 'nonce-{nonce}'; form-action {form_action}; "
        "frame-ancestors 'none'; base-uri 'none'"
    )
    if script:
        policy += f"; script-src {script}; require-trusted-types-for 'script'"
    headers = (("content-type", "text/html; charset=utf-8"), ("content-security-policy", policy), *ALWAYS, *NO_STORE)
    return Response(status, (*headers, *cookies), html.encode("utf-8", "replace"))
