"""Whose stream a request is about: always that of the client whose token it presents.  OpenID Shared Signals Framework §8.1."""

from typing import Any, Final

from ringfence.oauth.checks.scope import SIGNALS_MANAGE, SIGNALS_READ
from ringfence.oauth.exchange import Exchange, Server
from ringfence.oauth.protected import present_token
from ringfence.problem import Reason, Refused
from ringfence.store.signals_model import SignalStream

LONGEST_TEXT: Final = 255


async def receiver(exchange: Exchange, server: Server, *, reading: bool = False) -> str:
    """Return the id of the client that receives: it comes for itself, not for a customer.

    Args:
        exchange: the request.
        server: settings and ports.
        reading: `ssf.read` is enough.

    Raises:
        Refused: as `present_token`; SCOPE_MISSING for a customer's token.
    """
    scopes = (SIGNALS_MANAGE, SIGNALS_READ) if reading else (SIGNALS_MANAGE,)
    token = await present_token(exchange, server, *scopes)
    if token.user_id:
        raise Refused(Reason.SCOPE_MISSING, "come with a token of client_credentials")
    return token.client_id


async def own_stream(client_id: str, server: Server, stream_id: str | None = None) -> SignalStream:
    """Return the client's stream.

    Args:
        client_id: whose.
        server: settings and ports.
        stream_id: as the client names it; None where it need not.

    Raises:
        Refused: NOT_FOUND, alike where there is none and for another client's.
    """
    stream = await server.ports.records.signal_stream(client_id)
    if stream is None or (stream_id is not None and stream_id != stream.stream_id):
        raise Refused(Reason.NOT_FOUND, "no stream of this client has this id")
    return stream


def text_in(body: dict[str, Any], name: str, *, needed: bool = False) -> str:
    """Return a member that is a text, empty where it is absent.  Raises Refused OAUTH_REQUEST."""
    value = body.get(name, "")
    if not isinstance(value, str) or len(value) > LONGEST_TEXT or (needed and not value):
        raise Refused(Reason.OAUTH_REQUEST, f"{name} is a text of at most {LONGEST_TEXT} characters")
    return value
