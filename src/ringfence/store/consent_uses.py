"""What the records promise of consents that are used once, as a protocol.  SCA RTS art. 4(1)."""

from typing import Protocol

from ringfence.clock import Instant
from ringfence.store.model import Consent


class ConsentUses(Protocol):
    """The part of `Records` that is about using a payment's consent.  Every method raises Unavailable."""

    async def use_consent(self, consent_id: str, client_id: str, call: str, now: Instant) -> bool:
        """Put a consent to use by one call; False unless it is in force, this client's and in no other's use.

        Exactly one caller gets it.
        """
        ...

    async def return_consent(self, consent_id: str, call: str) -> bool:
        """Let a consent be used again by another call; False unless this call has it in use."""
        ...

    async def spend_consent(self, consent_id: str, call: str, now: Instant) -> Consent | None:
        """Return the consent, Consumed; None unless this call has it in use."""
        ...

    async def spend_abandoned(self, before: Instant, now: Instant) -> list[Consent]:
        """Let consents be Consumed that a call took before then and that nobody noted since, some at once; return them."""
        ...
