"""Sign what is told about a token, for a resource server that has to show it later.  RFC 9701 §4, §5; FAPI 2.0 Message Signing §5.5.1."""

from collections.abc import Mapping
from typing import Any, Final

from ringfence.clock import Instant
from ringfence.message import Request, Response
from ringfence.oauth.answers import NO_STORE, encoded_json, json_response
from ringfence.oauth.exchange import Server

TYPE: Final = "token-introspection+jwt"
"""`typ` of the JWT: it can be taken for no access token.  RFC 9701 §5, §8.1."""

MEDIA_TYPE: Final = f"application/{TYPE}"

_ANY_JSON: Final = ("application/json", "application/*", "*/*")


async def introspection_answer(
    body: Mapping[str, Any], request: Request, caller: str, server: Server, now: Instant
) -> Response:
    """Return the answer in the form that the caller accepts: a JWT where it names that type, else JSON.

    Args:
        body: what is told (RFC 7662 §2.2).
        request: of the caller.
        caller: its client id, whom the JWT is for.
        server: settings and ports.
        now: the present.
    """
    if accepted_type(request) != MEDIA_TYPE:
        return json_response(body)
    claims = {"iss": server.profile.issuer, "aud": caller, "iat": int(now), "token_introspection": body}
    signed = await server.ports.signer.sign(claims, TYPE)
    return encoded_json(signed.encode("ascii"), status=200, headers=NO_STORE, media_type=MEDIA_TYPE)


def accepted_type(request: Request) -> str:
    """Return which of our two media types the caller would rather have; the JWT has to be named.  RFC 9110 §12.5.1."""
    weights: dict[str, float] = {}
    for line in request.all_headers("accept"):
        for item in line.split(","):
            name, *parameters = (part.strip().lower() for part in item.split(";"))
            weights[name] = _weight(parameters)
    signed = weights.get(MEDIA_TYPE, 0.0)
    plain = next((weights[name] for name in _ANY_JSON if name in weights), 0.0)
    return MEDIA_TYPE if signed > 0 and signed >= plain else _ANY_JSON[0]


def _weight(parameters: list[str]) -> float:
    """Return the q value among a media range's parameters; one that cannot be read counts as 1."""
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return min(max(float(value), 0.0), 1.0)
            except ValueError:
                return 1.0
    return 1.0
