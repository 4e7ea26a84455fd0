"""Consents that are used once, in SQL: each use is one compare-and-set.  SCA RTS art. 4(1)."""

from typing import Any

from sqlalchemy import select, update

from ringfence.clock import Instant
from ringfence.store.consent_states import ConsentState, sources
from ringfence.store.database import Database
from ringfence.store.model import Consent
from ringfence.store.rows import from_row
from ringfence.store.schema import consents

SPENT_AT_ONCE = 500
"""Abandoned consents that one call moves: each is an event too."""

_IN_FORCE = consents.c.state == ConsentState.AUTHORISED.value


class ConsentUseRecords:
    """The part of `Records` that is about using a payment's consent."""

    _database: Database

    async def use_consent(self, consent_id: str, client_id: str, call: str, now: Instant) -> bool:
        """Put a consent to use by one call: exactly one gets it.  Raises Unavailable."""
        statement = (
            update(consents)
            .where(consents.c.consent_id == consent_id, consents.c.client_id == client_id)
            .where(_IN_FORCE, consents.c.used_by == "", consents.c.expires_at > now)
            .values(used_by=call, used_at=now)
        )
        return await self._moved_one(statement)

    async def return_consent(self, consent_id: str, call: str) -> bool:
        """Let a consent be used again; False unless this call has it in use.  Raises Unavailable."""
        statement = (
            update(consents)
            .where(consents.c.consent_id == consent_id, consents.c.used_by == call, _IN_FORCE)
            .values(used_by="", used_at=None)
        )
        return await self._moved_one(statement)

    async def spend_consent(self, consent_id: str, call: str, now: Instant) -> Consent | None:
        """Return the consent, Consumed; None unless this call has it in use.  Raises Unavailable."""
        statement = _consumed(now).where(consents.c.consent_id == consent_id, consents.c.used_by == call)
        async with self._database.writing() as connection:
            row = (await connection.execute(statement.returning(*consents.c))).mappings().first()
            return None if row is None else from_row(row, Consent)

    async def spend_abandoned(self, before: Instant, now: Instant) -> list[Consent]:
        """Let consents be Consumed whose call never noted what became of them.  Raises Unavailable."""
        left = (
            select(consents.c.consent_id)
            .where(_IN_FORCE, consents.c.used_by != "", consents.c.used_at <= before)
            .limit(SPENT_AT_ONCE)
        )
        statement = _consumed(now).where(consents.c.consent_id.in_(left)).returning(*consents.c)
        async with self._database.writing() as connection:
            return [from_row(row, Consent) for row in (await connection.execute(statement)).mappings()]

    async def _moved_one(self, statement: Any) -> bool:
        async with self._database.writing() as connection:
            return bool((await connection.execute(statement)).rowcount)


def _consumed(now: Instant) -> Any:
    consumed = ConsentState.CONSUMED
    return update(consents).where(consents.c.state.in_(sources(consumed))).values(state=consumed.value, changed_at=now)
