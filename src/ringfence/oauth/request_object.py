"""Take a pushed request out of the JWT that the client signed: what stands beside it does not count.  RFC 9126 §3; RFC 9101 §6.3."""

from decimal import Decimal
from typing import Any, Final

import msgspec

from ringfence.clients.algorithms import taken
from ringfence.oauth.checks.signed_request import require_signed
from ringfence.oauth.endpoints import Endpoint
from ringfence.oauth.exchange import Exchange, Server, settled
from ringfence.oauth.forms import MAX_PARAMETERS, Form
from ringfence.problem import Reason, Refused
from ringfence.proofs.request_object import KIND, verify_backchannel_object, verify_request_object

_JSON: Final = msgspec.json.Encoder(decimal_format="number")


async def open_request_object(exchange: Exchange, server: Server) -> Exchange:
    """Return the exchange with the parameters that were signed, or as it came where none is signed.

    Raises:
        Refused: REQUEST_OBJECT_INVALID or OAUTH_REQUEST.
    """
    client = settled(exchange.client)
    signed = require_signed(exchange.parameters, client)
    if not signed:
        return exchange
    profile = server.profile
    expected: dict[str, Any] = {
        "client_keys": await server.ports.client_keys.of(client, signed, KIND, Reason.REQUEST_OBJECT_INVALID),
        "client_id": client.client_id,
        "issuer": profile.issuer,
        "algorithms": taken(client.request_object_algorithm, profile.client_algorithms),
        "now": exchange.now,
        "skew": profile.skew,
    }
    if exchange.endpoint is Endpoint.BACKCHANNEL:
        found = verify_backchannel_object(signed, **expected)
        if not await server.ports.fast.claim(found.replay_key, found.replay_until, exchange.now):
            raise Refused(Reason.REQUEST_OBJECT_INVALID, "it has been used before: make one, with a new jti, each time")
        members = found.members
    else:
        members = verify_request_object(signed, **expected)
    return msgspec.structs.replace(exchange, parameters=as_form(members))


def as_form(members: dict[str, Any]) -> Form:
    """Return claims as the parameters that a form would have had.

    Numbers become digits; objects and lists (`authorization_details`, `claims`) become JSON. An empty
    text counts as absent, as in a form.

    Raises:
        Refused: REQUEST_OBJECT_INVALID for a claim that no parameter can be, or too many of them.
    """
    if len(members) > MAX_PARAMETERS:
        raise Refused(Reason.REQUEST_OBJECT_INVALID, f"at most {MAX_PARAMETERS} parameters are taken")
    return {name: text for name, value in members.items() if (text := _text(name, value))}


def _text(name: str, value: Any) -> str:
    if isinstance(value, str):
        if "\x00" in value:
            raise Refused(Reason.REQUEST_OBJECT_INVALID, "a parameter holds a NUL")
        return value
    if isinstance(value, dict | list):
        return _JSON.encode(value).decode()
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise Refused(Reason.REQUEST_OBJECT_INVALID, f"{name[:64]} is not a text")
    return str(value)
