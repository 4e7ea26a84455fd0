"""What the records offer so that the end of a login reaches everybody, and for what is to be posted to clients.

OpenID Connect Back-Channel Logout §2.
"""

from collections.abc import Sequence
from typing import Protocol

from ringfence.clock import Instant
from ringfence.store.backchannel_model import Notice
from ringfence.store.logout_model import RevokedKey
from ringfence.store.model import Session


class LogoutStore(Protocol):
    """The part of `Records` that is about ends.  Every method raises Unavailable."""

    async def note_session_client(self, sid: str, client_id: str, now: Instant) -> bool:
        """Keep that a client is given an ID token in a session, once is enough; False where that was ended."""
        ...

    async def session_by_sid(self, sid: str, now: Instant) -> Session | None:
        """Return a session that is neither over nor ended, or None."""
        ...

    async def all_sessions(self, now: Instant, limit: int) -> list[Session]:
        """Return everybody's sessions that are neither over nor ended, the newest login first."""
        ...

    async def end_session(self, session: Session, now: Instant, until: Instant) -> bool:
        """End a session, and keep a notice for each client that wants to know, which is worth it `until` then.

        One transaction; False, and nothing is kept, where it had ended already.
        """
        ...

    async def ended_sessions(self, since: Instant) -> list[str]:
        """Return the names of sessions that were ended since then."""
        ...

    async def claim_notices(self, now: Instant, again_at: Instant, limit: int) -> list[Notice]:
        """Return notices that are due, moved to `again_at`: exactly one caller gets each."""
        ...

    async def put_off_notice(self, notice_id: str, due_at: Instant) -> None:
        """Try a notice again then."""
        ...

    async def remove_notice(self, notice_id: str) -> None:
        """Let go of a notice."""
        ...

    async def revoke_key(self, key: RevokedKey) -> bool:
        """Keep that a signing key is believed no more; False if that is known."""
        ...

    async def revoked_keys(self) -> Sequence[RevokedKey]:
        """Return every signing key that is believed no more."""
        ...
