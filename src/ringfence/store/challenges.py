"""Challenges to an outside login application, and what the records promise of them: each step once."""

from typing import Any, Literal, Protocol

import msgspec

from ringfence.clock import Instant


class LoginChallenge(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A browser that was sent to an outside application to log in, or to consent, and what came of it."""

    challenge_hash: str
    kind: Literal["login", "consent"]
    uri_hash: str
    """The pushed request that it belongs to."""
    client_id: str
    browser_hash: str
    """The browser that was sent, and that alone may come back."""
    content: dict[str, Any]
    """What the application is told."""
    created_at: Instant
    expires_at: Instant
    answer: dict[str, Any] = {}
    answered_at: Instant | None = None
    verifier_hash: str = ""
    """What the browser brings back; empty until the application has answered."""
    redeemed_at: Instant | None = None


class LoginChallenges(Protocol):
    """The part of `Records` that is about them.  Every method raises Unavailable."""

    async def add_challenge(self, challenge: LoginChallenge) -> None:
        """Keep a challenge."""
        ...

    async def challenge(self, challenge_hash: str, now: Instant) -> LoginChallenge | None:
        """Return an unexpired challenge, answered or not, or None."""
        ...

    async def list_challenges(self, now: Instant, limit: int = 1000) -> list[LoginChallenge]:
        """Return unexpired challenges, newest first."""
        ...

    async def answer_challenge(
        self, challenge_hash: str, answer: dict[str, Any], verifier_hash: str, now: Instant
    ) -> bool:
        """Keep the application's answer; False unless the challenge lives and has none: exactly one caller gets it."""
        ...

    async def redeem_verifier(
        self, verifier_hash: str, uri_hash: str, browser_hash: str, now: Instant
    ) -> LoginChallenge | None:
        """Return the answered challenge to the browser and request that it is of, once; everyone else gets None."""
        ...
