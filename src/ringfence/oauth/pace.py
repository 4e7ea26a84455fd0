"""Slow down who asks too often from one network, where nobody has authenticated yet.  RFC 6585 §4; RFC 6749 §10.10."""

from ringfence.clock import Seconds
from ringfence.networks import network_of
from ringfence.oauth.exchange import Exchange, Server
from ringfence.problem import Reason, Refused
from ringfence.store.interface import Admission, Bucket


async def require_pace(purpose: str, interval: Seconds, burst: int, exchange: Exchange, server: Server) -> None:
    """Return if the request's network asks no more often than one in `interval` seconds, `burst` at once.

    Raises:
        Refused: RATE_LIMITED.
        Unavailable: the fast state is out.
    """
    key = f"{purpose}:{network_of(exchange.request.peer.address)}".encode("utf-8", "replace")
    asked = Admission(buckets=(Bucket(key, interval, interval * (burst - 1)),))
    admitted = await server.ports.fast.admit(asked, exchange.now)
    if admitted.limited >= 0:
        seconds = str(max(1, round(admitted.retry_after)))
        raise Refused(Reason.RATE_LIMITED, f"try again in {seconds} s", headers=(("retry-after", seconds),))
