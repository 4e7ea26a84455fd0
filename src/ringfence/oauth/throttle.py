"""Slow whoever guesses, without letting anybody lock a customer out.  NIST SP 800-63B-4 §3.2.2.

Passwords, codes and passkeys are counted apart: who uses up the tries of one leaves the others alone. A browser
that the customer has logged in from has tries of its own, whatever strangers do meanwhile. Passkeys cannot be
guessed, so only the network is counted, for the work that each costs.
"""

from typing import Final

from ringfence.networks import network_of
from ringfence.oauth.exchange import Exchange, Server
from ringfence.oauth.known_browser import recognise
from ringfence.oauth.login_names import name_digest
from ringfence.problem import Reason, Refused
from ringfence.store.interface import Admission, Bucket
from ringfence.store.model import User

Pace = tuple[float, int]
"""Seconds that one try takes in the long run, and how many may come at once."""

_USER_FROM_NETWORK: Final[Pace] = (12.0, 5)
"""Passwords tried for one name from one network: one in 12 s, 5 at once."""

_NETWORK: Final[Pace] = (2.0, 30)
"""Tries from one network, which a whole office may share: one in 2 s, 30 at once."""

_USER: Final[Pace] = (2.0, 60)
"""Passwords tried for one name from everywhere: wide enough that an attacker with few networks cannot shut its owner out."""

_KNOWN_BROWSER: Final[Pace] = (12.0, 5)
"""Passwords tried in a browser that this customer has logged in from; an attacker with many networks uses up the rest."""

_CODES: Final[Pace] = (600.0, 10)
"""Codes tried for one customer from unknown browsers, one in ten minutes in the long run. Who guesses has the password
already; of a million codes three are right at a time, so a year of guesses, each on record, finds one with a chance
of one in seven."""

_KNOWN_CODES: Final[Pace] = (600.0, 10)
"""The same in a browser that the customer has logged in from: a thief of the password cannot use these up."""


async def throttle_passwords(username: str, user: User | None, exchange: Exchange, server: Server) -> None:
    """Return if another password may be tried for this name.  Raises Refused LOGIN_THROTTLED."""
    name, network = name_digest(username.casefold(), server), network_of(exchange.request.peer.address)
    known = recognise(exchange.request, user)
    buckets: tuple[Bucket, ...] = (
        _bucket(f"login:both:{name}:{network}", _USER_FROM_NETWORK),
        _bucket(f"login:network:{network}", _NETWORK),
        _bucket(f"login:user:{name}", _USER),
    )
    if known:
        # what strangers try does not count against it
        buckets = (_bucket(f"login:known:{known}", _KNOWN_BROWSER),)
    await _admit(buckets, exchange, server)


async def throttle_passkeys(exchange: Exchange, server: Server) -> None:
    """Return if another passkey may be shown from this network.  Raises Refused LOGIN_THROTTLED."""
    network = network_of(exchange.request.peer.address)
    await _admit((_bucket(f"login:passkey:{network}", _NETWORK),), exchange, server)


async def throttle_codes(user: User, exchange: Exchange, server: Server) -> None:
    """Return if another code may be tried for this customer.  Raises Refused LOGIN_THROTTLED."""
    known = recognise(exchange.request, user)
    bucket = _bucket(f"second-factor:{name_digest(user.user_id, server)}", _CODES)
    if known:
        bucket = _bucket(f"second-factor:known:{known}", _KNOWN_CODES)
    await _admit((bucket,), exchange, server)


async def throttle_own_page(user: User, exchange: Exchange, server: Server) -> None:
    """Return if another password may be tried on the customer's own page.

    Who has somebody's session must guess no faster than at the login, nor use up the owner's tries there.

    Raises:
        Refused: LOGIN_THROTTLED.
    """
    await _admit((_bucket(f"own-page:{name_digest(user.user_id, server)}", _CODES),), exchange, server)


def _bucket(key: str, pace: Pace) -> Bucket:
    interval, burst = pace
    return Bucket(key.encode("utf-8", "replace"), interval, interval * (burst - 1))


async def _admit(buckets: tuple[Bucket, ...], exchange: Exchange, server: Server) -> None:
    admitted = await server.ports.fast.admit(Admission(buckets=buckets), exchange.now)
    if admitted.limited >= 0:
        seconds = max(1, round(admitted.retry_after))
        raise Refused(Reason.LOGIN_THROTTLED, f"try again in {seconds} s", headers=(("retry-after", str(seconds)),))
