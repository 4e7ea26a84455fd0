"""Take the bearer tokens of registration, which open nothing but registration.  RFC 7591 §3; RFC 7592 §2, §3; RFC 6750 §2.1."""

import hmac
import re
from typing import Final

from ringfence.ids import token_hash
from ringfence.message import Request
from ringfence.oauth.exchange import Exchange, Server
from ringfence.problem import Reason, Refused
from ringfence.store.model import Client
from ringfence.store.registrations import Registration

_BEARER: Final = re.compile(r"bearer ([A-Za-z0-9._~+/-]{1,512}=*)", re.IGNORECASE)


def bearer(request: Request) -> str:
    """Return the hash of the one bearer token of a request; empty where there is none.

    Raises:
        Refused: REGISTRATION_TOKEN for several, or another scheme.
    """
    given = request.all_headers("authorization")
    if not given:
        return ""
    found = _BEARER.fullmatch(given[0]) if len(given) == 1 else None
    if found is None:
        raise refused_token("send it once, as Authorization: Bearer")
    return token_hash(found[1])


async def registered(exchange: Exchange, server: Server) -> tuple[Client, Registration]:
    """Return the client that manages itself with the request's token, in whatever state.

    Raises:
        Refused: REGISTRATION_TOKEN, alike for clients that are unknown, gone, or have another token.
    """
    presented = bearer(exchange.request)
    client_id = exchange.request.path.rpartition("/")[2]
    registration = await server.ports.records.registration(client_id)
    known = registration.token_hash if registration else ""
    # hashes of 256 random bits: what a comparison's time tells of one is of no use
    if not presented or registration is None or not hmac.compare_digest(known, presented):
        raise refused_token()
    client = await server.ports.records.client(client_id)
    if client is None:
        raise refused_token()
    return client, registration


def refused_token(detail: str = "") -> Refused:
    """Return the refusal of a token, with the challenge of RFC 6750 §3."""
    return Refused(Reason.REGISTRATION_TOKEN, detail, headers=(("www-authenticate", 'Bearer error="invalid_token"'),))
