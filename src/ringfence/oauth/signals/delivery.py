"""How a client wants its events: it asks for them, or they are pushed to it.  OpenID Shared Signals Framework §6.1, §8.1.1; RFC 8935 §2.

Its `authorization_header` is sealed to the stream and never told again: whoever sets the delivery anew sends it anew.
"""

from typing import Any, Final

from ringfence.fetching import FIELD_VALUE, Unfetchable, read_target
from ringfence.keys.sealing import Sealer
from ringfence.oauth.endpoints import Endpoint, url_of
from ringfence.oauth.exchange import Server
from ringfence.oauth.signals.configuration import POLL, PUSH
from ringfence.problem import Reason, Refused
from ringfence.store.push_model import SignalPush

LONGEST_AUTHORIZATION: Final = 4096
"""A bearer token that is a JWT with some claims has about 1,500 characters."""

_MEMBERS: Final = frozenset({"method", "endpoint_url", "authorization_header"})


def read_delivery(body: dict[str, Any], stream_id: str, client_id: str, sealer: Sealer) -> SignalPush | None:
    """Return how a stream is pushed; None: its client polls, which is also meant by a request that does not say.

    Raises:
        Refused: OAUTH_REQUEST for another method, and for what cannot be posted to from here.
    """
    delivery = body.get("delivery", {"method": POLL})
    if not isinstance(delivery, dict) or delivery.get("method") not in {POLL, PUSH}:
        raise Refused(Reason.OAUTH_REQUEST, f"events are delivered by {PUSH} or {POLL}")
    if delivery["method"] == POLL:
        return None
    if unknown := delivery.keys() - _MEMBERS:
        raise Refused(Reason.OAUTH_REQUEST, f"delivery holds {', '.join(sorted(_MEMBERS))} only", private=str(unknown))
    url, authorization = delivery.get("endpoint_url"), delivery.get("authorization_header", "")
    try:
        read_target(url if isinstance(url, str) else "")
    except Unfetchable as why:
        raise Refused(Reason.OAUTH_REQUEST, f"endpoint_url cannot be posted to: {why}") from None
    fits = isinstance(authorization, str) and len(authorization) <= LONGEST_AUTHORIZATION
    if not fits or (authorization and not FIELD_VALUE.fullmatch(authorization)):
        fitting = f"the value of one header field, of at most {LONGEST_AUTHORIZATION} characters"
        raise Refused(Reason.OAUTH_REQUEST, f"authorization_header is {fitting}")
    sealed = sealer.seal(authorization.encode("ascii"), stream_id) if authorization else ""
    return SignalPush(stream_id=stream_id, client_id=client_id, endpoint_url=str(url), sealed=sealed)


def show_delivery(push: SignalPush | None, server: Server) -> dict[str, str]:
    """Return the delivery as a stream's configuration tells it, without the secret."""
    if push is None:
        return {"method": POLL, "endpoint_url": url_of(server.profile, Endpoint.SIGNALS_POLL)}
    return {"method": PUSH, "endpoint_url": push.endpoint_url}
