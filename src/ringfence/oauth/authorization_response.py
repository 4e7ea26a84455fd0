"""Lead the customer back to the client, with a plain answer or a signed one.  RFC 6749 §4.1.2; RFC 9207 §2; JARM §2.1, §2.3.1."""

from collections.abc import Mapping
from typing import Final

from ringfence.clock import Instant
from ringfence.message import Response
from ringfence.oauth.answers import see_other, with_parameters
from ringfence.oauth.exchange import Asked, Server

SIGNED: Final = "jwt"
"""The response mode of signed answers: for a code they go in the query.  JARM §2.3.4."""

RESPONSE_SECONDS: Final = 300
"""How long a signed answer is good; JARM §2.1 advises ten minutes at most."""

RESPONSE_TYPE: Final = "JWT"
"""JARM names no media type of its own. That it has neither `sub` nor `scope` keeps it from passing for another token."""


async def lead_back(asked: Asked, client_id: str, server: Server, now: Instant, answer: Mapping[str, str]) -> Response:
    """Return the redirect to the client.

    Args:
        asked: the request that is answered.
        client_id: who asked.
        server: settings and ports.
        now: the present.
        answer: `code`, or `error` with its description. `state` and the issuer are put beside it.
    """
    issuer = server.profile.issuer
    if asked.response_mode != SIGNED:
        return see_other(with_parameters(asked.redirect_uri, {**answer, "state": asked.state, "iss": issuer}))
    state = {"state": asked.state} if asked.state else {}
    claims = {"iss": issuer, "aud": client_id, "exp": int(now) + RESPONSE_SECONDS, **answer, **state}
    signed = await server.ports.signer.sign(claims, RESPONSE_TYPE)
    return see_other(with_parameters(asked.redirect_uri, {"response": signed}))
