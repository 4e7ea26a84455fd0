"""How a refusal looks at each kind of endpoint: OAuth error, challenge or page.  RFC 6749 §5.2; RFC 6750 §3; RFC 8935 §2.3; RFC 9449 §7.1."""

from typing import Final

import msgspec

from ringfence.ids import Random
from ringfence.message import Headers, Request, Response
from ringfence.oauth.answers import NO_STORE, encoded_json
from ringfence.oauth.endpoints import OWN_PAGES, PAGES, PROTECTED, Endpoint
from ringfence.oauth.pages.render import error_page
from ringfence.oauth.profile import Profile
from ringfence.problem import MEANINGS, Refused, oauth_error, oauth_text

CORRELATION: Final = "x-correlation-id"
"""Names the call in every answer."""

_UNAUTHORIZED: Final = 401
_FORBIDDEN: Final = 403


def answer_refused(
    refused: Refused, endpoint: Endpoint | None, request: Request, profile: Profile, random: Random
) -> Response:
    """Return the answer to a refused request.

    Args:
        refused: why.
        endpoint: which one was called; None where the path has none or the method is another.
        request: what was asked.
        profile: the server's settings.
        random: for the page's nonce.
    """
    if endpoint in PAGES or endpoint in OWN_PAGES:
        return error_page(profile, random, refused, request.correlation)
    headers = (*NO_STORE, *refused.headers)
    if endpoint is Endpoint.SIGNALS_RECEIVE:
        return _event_refused(refused, headers)
    if endpoint in PROTECTED and refused.status in (_UNAUTHORIZED, _FORBIDDEN):
        headers = (*headers, ("www-authenticate", _challenge(refused, profile)))
    return encoded_json(oauth_error(refused, request.correlation), status=refused.status, headers=headers)


def _event_refused(refused: Refused, headers: Headers) -> Response:
    """Return what a transmitter of security events is told.  RFC 8935 §2.3."""
    description = oauth_text(": ".join(part for part in (MEANINGS[refused.reason].title, refused.detail) if part))
    said = msgspec.json.encode({"err": refused.oauth or "invalid_request", "description": description})
    return encoded_json(said, status=refused.status, headers=(*headers, ("content-language", "en")))


def with_correlation(response: Response, request: Request) -> Response:
    """Return the response with the id of its call."""
    return msgspec.structs.replace(response, headers=(*response.headers, (CORRELATION, request.correlation)))


def _challenge(refused: Refused, profile: Profile) -> str:
    """Return a DPoP challenge; a call without any token gets no error code (RFC 6750 §3.1)."""
    challenge = f'DPoP algs="{" ".join(profile.client_algorithms)}"'
    if not refused.oauth:
        return challenge
    return f'{challenge}, error="{refused.oauth}", error_description="{oauth_text(MEANINGS[refused.reason].title)}"'
