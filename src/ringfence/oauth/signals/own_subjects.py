"""Let a client leave out customers of its stream, and have them back.  OpenID Shared Signals Framework §8.1.3.

A stream is about every customer whose grant its client holds (`default_subjects`: `ALL`); one that was removed is told of
no more until it is added. Whether there is such a customer is not told.
"""

from typing import Any, Final

from ringfence.oauth.answers import empty_response
from ringfence.oauth.exchange import Exchange, Outcome, Server
from ringfence.oauth.json_body import read_object
from ringfence.oauth.signals.own_stream import LONGEST_TEXT, own_stream, receiver, text_in
from ringfence.problem import Reason, Refused

_NO_CONTENT: Final = 204


async def add_subject(exchange: Exchange, server: Server) -> Outcome:
    """Have a customer in the client's stream again.  Raises Refused as `_named`."""
    stream_id, user_id = await _named(exchange, server)
    if user_id:
        await server.ports.records.pass_over(stream_id, user_id, over=False)
    return Outcome(empty_response())


async def remove_subject(exchange: Exchange, server: Server) -> Outcome:
    """Leave a customer out of the client's stream.  Raises Refused as `_named`."""
    stream_id, user_id = await _named(exchange, server)
    if user_id:
        await server.ports.records.pass_over(stream_id, user_id, over=True)
    return Outcome(empty_response(_NO_CONTENT))


async def _named(exchange: Exchange, server: Server) -> tuple[str, str]:
    """Return the client's stream and the customer that a request names; `""` for one who is not here.

    Raises:
        Refused: as `receiver` and `read_object`; NOT_FOUND, OAUTH_REQUEST.
        Unavailable: the records are out.
    """
    client_id = await receiver(exchange, server)
    body = read_object(exchange.request)
    stream = await own_stream(client_id, server, text_in(body, "stream_id", needed=True))
    user_id = _user_id(body.get("subject"), server)
    known = await server.ports.records.user(user_id) if user_id else None
    return stream.stream_id, known.user_id if known is not None else ""


def _user_id(subject: Any, server: Server) -> str:
    """Return the customer's id in an identifier as our events have it, or `""`.  Raises Refused OAUTH_REQUEST."""
    if not isinstance(subject, dict) or subject.get("format") != "iss_sub":
        raise Refused(Reason.OAUTH_REQUEST, "subject is an identifier of the format iss_sub")
    sub = subject.get("sub")
    if subject.get("iss") != server.profile.issuer or not isinstance(sub, str) or len(sub) > LONGEST_TEXT:
        raise Refused(Reason.OAUTH_REQUEST, "subject has our iss, and a sub of at most 255 characters")
    try:
        return server.ports.subjects.user_of(sub)
    except Refused:
        return ""
