"""How a refusal looks to the caller.  RFC 9457 §3; RFC 6750 §3; RFC 9449 §7.1."""

from typing import Final

from ringfence.ids import CorrelationId
from ringfence.message import Headers, Response
from ringfence.problem import MEANINGS, Refused, oauth_text, problem_document

CORRELATION_HEADER: Final = "x-correlation-id"


def refusal(refused: Refused, correlation: CorrelationId, challenge: str = "") -> Response:
    """Return the answer to a refused call.

    Args:
        refused: why.
        correlation: names the call.
        challenge: the `WWW-Authenticate` value without an error, put before one on every 401.
    """
    headers: Headers = (
        ("content-type", "application/problem+json"),
        ("cache-control", "no-store"),
        (CORRELATION_HEADER, correlation),
        *refused.headers,
    )
    unauthorized = 401
    if refused.status == unauthorized and challenge and not any(n == "www-authenticate" for n, _ in headers):
        headers = (*headers, ("www-authenticate", _challenge(refused, challenge)))
    return Response(refused.status, headers, problem_document(refused, correlation))


def _challenge(refused: Refused, challenge: str) -> str:
    """A call without any token gets no error code.  RFC 6750 §3.1."""
    if not refused.oauth:
        return challenge
    description = oauth_text(MEANINGS[refused.reason].title)
    return f'{challenge}, error="{refused.oauth}", error_description="{description}"'
