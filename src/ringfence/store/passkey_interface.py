"""What the records offer for customers' passkeys and for how their sessions are used.  Web Authentication Level 3 §6.1.1."""

from typing import Protocol

from ringfence.clock import Instant
from ringfence.store.model import Passkey


class PasskeyVerbs(Protocol):
    """What the records offer for passkeys and sessions.  Every method raises Unavailable."""

    async def add_passkey(self, passkey: Passkey, recovery_codes: str = "") -> bool:
        """Keep a passkey; False if that credential is kept already, or its user is gone or has too many.

        `recovery_codes` are kept with it where the user has none.
        """
        ...

    async def passkey(self, credential_id: str) -> Passkey | None:
        """Return the passkey, or None."""
        ...

    async def list_passkeys(self, user_id: str) -> list[Passkey]:
        """Return a user's passkeys, the oldest first."""
        ...

    async def use_passkey(self, credential_id: str, sign_count: int, now: Instant, *, backed_up: bool) -> bool:
        """Note a use; False if the count is not greater than the last, unless the authenticator does not count."""
        ...

    async def name_passkey(self, user_id: str, credential_id: str, name: str) -> bool:
        """Call a user's passkey otherwise; False if there is no such one."""
        ...

    async def remove_passkey(self, user_id: str, credential_id: str, *, last: bool) -> bool:
        """Remove a user's passkey; False if there is no such one.

        Without `last` also False, and nothing is removed, if the user has no other second factor; with it,
        recovery codes that then belong to nothing go too.
        """
        ...

    async def note_session_use(self, session_hash: str, now: Instant) -> None:
        """Keep when a session was last used."""
        ...
