"""Challenges to an outside login application, in SQL: answered once, redeemed once, by the browser that was sent."""

from typing import Any

from sqlalchemy import select, update

from ringfence.clock import Instant
from ringfence.store.challenges import LoginChallenge
from ringfence.store.database import Database
from ringfence.store.rows import from_row, to_row
from ringfence.store.schema import login_challenges as table


class ChallengeRecords:
    """The part of `Records` that is about outside logins."""

    _database: Database

    async def add_challenge(self, challenge: LoginChallenge) -> None:
        """Keep a challenge.  Raises Unavailable."""
        async with self._database.writing() as connection:
            await connection.execute(table.insert().values(to_row(challenge)))

    async def challenge(self, challenge_hash: str, now: Instant) -> LoginChallenge | None:
        """Return an unexpired challenge, or None.  Raises Unavailable."""
        statement = select(table).where(table.c.challenge_hash == challenge_hash, table.c.expires_at > now)
        async with self._database.reading() as connection:
            row = (await connection.execute(statement)).mappings().first()
            return None if row is None else from_row(row, LoginChallenge)

    async def list_challenges(self, now: Instant, limit: int = 1000) -> list[LoginChallenge]:
        """Return unexpired challenges, newest first.  Raises Unavailable."""
        newest = table.c.created_at.desc(), table.c.challenge_hash
        statement = select(table).where(table.c.expires_at > now).order_by(*newest).limit(limit)
        async with self._database.reading() as connection:
            return [from_row(row, LoginChallenge) for row in (await connection.execute(statement)).mappings()]

    async def answer_challenge(
        self, challenge_hash: str, answer: dict[str, Any], verifier_hash: str, now: Instant
    ) -> bool:
        """Keep the application's answer: exactly one is kept.  Raises Unavailable."""
        statement = (
            update(table)
            .where(table.c.challenge_hash == challenge_hash)
            .where(table.c.answered_at.is_(None), table.c.expires_at > now)
            .values(answer=answer, verifier_hash=verifier_hash, answered_at=now)
        )
        async with self._database.writing() as connection:
            return bool((await connection.execute(statement)).rowcount)

    async def redeem_verifier(
        self, verifier_hash: str, uri_hash: str, browser_hash: str, now: Instant
    ) -> LoginChallenge | None:
        """Return the answered challenge, once.  Raises Unavailable."""
        statement = (
            update(table)
            .where(table.c.verifier_hash == verifier_hash, table.c.answered_at.is_not(None))
            .where(table.c.uri_hash == uri_hash, table.c.browser_hash == browser_hash)
            .where(table.c.redeemed_at.is_(None), table.c.expires_at > now)
            .values(redeemed_at=now)
            .returning(*table.c)
        )
        async with self._database.writing() as connection:
            row = (await connection.execute(statement)).mappings().first()
            return None if row is None else from_row(row, LoginChallenge)
