"""Log a customer in by name and password, slowing who guesses without locking anybody out.  NIST SP 800-63B §3.2.2."""

import hashlib
import ipaddress
from typing import Final

from ringfence.events.logins import LoginDecided
from ringfence.oauth.exchange import Exchange, Server
from ringfence.oauth.known_browser import recognise
from ringfence.oauth.second_factor import require_second_factor
from ringfence.problem import Reason, Refused
from ringfence.store.interface import Admission, Bucket
from ringfence.store.model import User

MAX_USERNAME: Final = 256

_USER_FROM_NETWORK: Final = (12.0, 5)
"""Attempts at one name from one network: one in 12 s, 5 at once."""

_NETWORK: Final = (2.0, 30)
"""Attempts from one network, which a whole office may share: one in 2 s, 30 at once."""

_USER: Final = (2.0, 60)
"""Attempts at one name from everywhere: wide enough that an attacker with few networks cannot shut its owner out."""

_KNOWN_BROWSER: Final = (12.0, 5)
"""Attempts from a browser that this customer has logged in from before; an attacker with many networks uses up the rest."""

_IPV6_SITE: Final = 64
"""RFC 6177: one customer has at least this prefix to choose addresses from."""


async def log_in(exchange: Exchange, server: Server) -> User:
    """Return the customer whose name and password were posted, with the second factor of who has one.

    Raises:
        Refused: LOGIN_FAILED, alike for unknown names, wrong passwords and disabled customers;
            SECOND_FACTOR; LOGIN_THROTTLED; OVERLOADED.
    """
    username = exchange.parameters.get("username", "").strip()
    password = exchange.parameters.get("password", "")
    try:
        user = await server.ports.records.user_by_name(username) if 0 < len(username) <= MAX_USERNAME else None
        await _throttle(username, recognise(exchange.request, user), exchange, server)
        await server.ports.passwords.verify(user.password_hash if user else "", password)
        user = await require_second_factor(_require_active(user), exchange, server)
    except Refused as refused:
        server.ports.events.emit(_event(exchange, username, reason=refused.reason.value))
        raise
    server.ports.events.emit(_event(exchange, username, user=user.user_id))
    return user


def _require_active(user: User | None) -> User:
    if user is None or user.status != "active":
        raise Refused(Reason.LOGIN_FAILED, private="the customer is disabled")
    return user


async def _throttle(username: str, known: str, exchange: Exchange, server: Server) -> None:
    name, network = _digest(username.casefold()), network_of(exchange.request.peer.address)
    buckets: tuple[Bucket, ...] = (
        _bucket(f"login:both:{name}:{network}", _USER_FROM_NETWORK),
        _bucket(f"login:network:{network}", _NETWORK),
        _bucket(f"login:user:{name}", _USER),
    )
    if known:
        # what strangers try does not count against it
        buckets = (_bucket(f"login:known:{known}", _KNOWN_BROWSER),)
    admitted = await server.ports.fast.admit(Admission(buckets=buckets), exchange.now)
    if admitted.limited >= 0:
        seconds = max(1, round(admitted.retry_after))
        raise Refused(Reason.LOGIN_THROTTLED, f"try again in {seconds} s", headers=(("retry-after", str(seconds)),))


def network_of(address: str) -> str:
    """Return what an address is counted under: itself, or the /64 of an IPv6 address."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    if parsed.version == 4:  # noqa: PLR2004 - the version's name is a number
        return str(parsed)
    return str(ipaddress.ip_network((parsed, _IPV6_SITE), strict=False))


def _bucket(key: str, pace: tuple[float, int]) -> Bucket:
    interval, burst = pace
    return Bucket(key.encode("utf-8", "replace"), interval, interval * (burst - 1))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _event(exchange: Exchange, username: str, *, user: str = "", reason: str = "") -> LoginDecided:
    return LoginDecided(
        at=exchange.now,
        correlation=exchange.request.correlation,
        allowed=bool(user),
        username_hash=_digest(username),
        user=user,
        client=exchange.client.client_id if exchange.client else "",
        network=exchange.request.peer.address,
        reason=reason,
    )
