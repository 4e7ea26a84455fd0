"""End a customer's login for everybody who relies on it: gateway, tokens and clients.  OpenID Connect Back-Channel Logout §2.5, §2.7.

What the customer allowed is a consent of its own and goes on: clients' refresh tokens work as before.
"""

from collections.abc import Iterable
from typing import Final, Protocol

from ringfence.clock import Instant, Seconds
from ringfence.events.logins import SessionEnded
from ringfence.oauth.ports import Events
from ringfence.oauth.revoke import BLOCK_SECONDS
from ringfence.store.blocks import session_block
from ringfence.store.interface import FastState, Records
from ringfence.store.model import Session

UNREDEEMED_SECONDS: Final[Seconds] = 300.0
"""A code that was given in the session may still become a token: the block stands longer than that token lives."""

TELL_SECONDS: Final[Seconds] = 86_400.0
"""How long a client that does not answer is told again."""


class Ending(Protocol):
    """What of the ports of authorization server and management API is needed here."""

    @property
    def records(self) -> Records:
        """The durable records."""
        ...

    @property
    def fast(self) -> FastState:
        """What every gateway worker looks at."""
        ...

    @property
    def events(self) -> Events:
        """Where events go."""
        ...


async def end_session(
    session: Session, why: str, ports: Ending, now: Instant, correlation: str, network: str = ""
) -> bool:
    """End a session: its tokens are refused on the next call, and clients with a logout URI will be told.

    Safe to repeat; the block comes first, so that calls end even where the records are out.

    Args:
        session: which one.
        why: for the event.
        ports: what it works with.
        now: the present.
        correlation: of the request that asks for it.
        network: where that came from.

    Returns:
        False where it had ended already.

    Raises:
        Unavailable: a store is out; the session may be ended in one of the two only.
    """
    if session.sid:
        until = Instant(now + BLOCK_SECONDS + UNREDEEMED_SECONDS)
        await ports.fast.block([session_block(session.sid)], until, now)
    if not await ports.records.end_session(session, now, Instant(now + TELL_SECONDS)):
        return False
    ports.events.emit(
        SessionEnded(
            at=now, correlation=correlation, user=session.user_id, network=network, session=session.sid, why=why
        )
    )
    return True


async def end_sessions(sessions: Iterable[Session], why: str, ports: Ending, now: Instant, correlation: str) -> None:
    """End several sessions, as of a customer who is stopped.  Raises Unavailable."""
    for session in sessions:
        await end_session(session, why, ports, now, correlation)
