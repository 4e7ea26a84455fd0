"""For a while after an attack a password alone does not do: what the login pages ask then.  NIST SP 800-63B-4 §3.2.2; RFC 9470 §5.

Whoever has no second factor logs in from a browser that they have used for a while. So a stranger who guesses at
somebody's password, to have a step-up demanded of them, does not keep them out; and the browser of a thief whose guess
was right a moment before the attack was seen is none that will do.
"""

from typing import Final

from ringfence.clock import Instant, Seconds
from ringfence.networks import network_of
from ringfence.oauth.exchange import Exchange, Server
from ringfence.oauth.known_browser import known_since
from ringfence.problem import Reason, Refused
from ringfence.store.interface import Admission
from ringfence.store.measures import step_up_mark
from ringfence.store.model import Session, User

KNOWN_BEFORE: Final[Seconds] = 86_400.0
"""How long a browser has to be known when a step-up begins: longer than an attack that was only just seen."""


async def allow_password_alone(user: User, exchange: Exchange, server: Server) -> None:
    """Return if a customer without a second factor may log in now.

    Raises:
        Refused: SECOND_FACTOR_LACKING.
        Unavailable: the shared state is gone.
    """
    since = known_since(exchange.request, user)
    marks = [step_up_mark("user", user.user_id), step_up_mark("network", network_of(exchange.request.peer.address))]
    if exchange.client is not None:
        marks.append(step_up_mark("client", exchange.client.client_id))
    for mark in marks:
        admitted = await server.ports.fast.admit(Admission(step_up=(mark,)), exchange.now)
        if admitted.step_up >= 0 and (since is None or admitted.step_up_since - since < KNOWN_BEFORE):
            raise Refused(
                Reason.SECOND_FACTOR_LACKING,
                "somebody is trying passwords; use a browser that you have used here before, or try again later",
            )


async def is_outdated(session: Session, exchange: Exchange, server: Server) -> bool:
    """Say whether a session began before a step-up was demanded of its customer, and so does not do any more.

    Whatever the login has asked since then was enough.

    Raises:
        Unavailable: the shared state is gone.
    """
    asked = Admission(step_up=(step_up_mark("user", session.user_id),), proved_at=Instant(session.authenticated_at))
    return (await server.ports.fast.admit(asked, exchange.now)).step_up >= 0
