"""Consents in SQL: each move is one compare-and-set along the table of states."""

from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ringfence.clock import Instant
from ringfence.store.consent_states import ConsentState, sources
from ringfence.store.database import Database
from ringfence.store.model import Code, Consent, Grant
from ringfence.store.rows import from_row, to_owned_row, to_row
from ringfence.store.schema import codes, consents, grants, refresh_tokens

EXPIRED_AT_ONCE = 500
"""Consents that one call lets expire: each is an event too."""


class _Late(Exception):
    """Somebody was quicker: what the transaction has done so far is undone."""


class ConsentRecords:
    """The part of `Records` that is about consents."""

    def __init__(self, database: Database) -> None:
        """Work on `database`, which has been migrated."""
        self._database = database

    async def consent(self, consent_id: str) -> Consent | None:
        """Return the consent in whatever state, or None.  Raises Unavailable."""
        return await self._consent(consents.c.consent_id == consent_id)

    async def consent_of_grant(self, grant_id: str) -> Consent | None:
        """Return the consent that is in force for a grant, else the one that ended last, or None.  Raises Unavailable."""
        return await self._consent(consents.c.grant_id == grant_id)

    async def list_consents(self, client_id: str = "", user_id: str = "", limit: int = 1000) -> list[Consent]:
        """Return consents, newest first, filtered where an argument is not empty.  Raises Unavailable."""
        statement = select(consents).order_by(consents.c.created_at.desc(), consents.c.consent_id).limit(limit)
        if client_id:
            statement = statement.where(consents.c.client_id == client_id)
        if user_id:
            statement = statement.where(consents.c.user_id == user_id)
        async with self._database.reading() as connection:
            return [from_row(row, Consent) for row in (await connection.execute(statement)).mappings()]

    async def reject_consent(self, decided: Consent) -> bool:
        """Keep what the customer refused; False unless it was awaiting.  Raises Unavailable."""
        async with self._database.writing() as connection:
            return await decide_consent(connection, decided)

    async def authorise_consent(self, decided: Consent, grant: Grant, code: Code, before: Grant | None) -> bool:
        """Keep an authorised consent with its grant and code, in one transaction.

        With `before` the grant is a changed one: its former consents, refresh tokens and codes end, and nothing
        is kept should the grant have changed or ended meanwhile.

        Returns:
            False, and nothing is kept, unless the consent was awaiting and `before` is still what is there.

        Raises:
            Unavailable: nothing was kept.
        """
        try:
            async with self._database.writing() as connection:
                if before is None:
                    await connection.execute(grants.insert(), to_owned_row(grant))
                else:
                    await _change_grant(connection, grant, before, decided.changed_at)
                await _decide_in_time(connection, decided)
                await connection.execute(codes.insert(), to_row(code))
        except _Late:
            return False
        return True

    async def end_consent(self, consent_id: str, state: ConsentState, now: Instant) -> bool:
        """Move a consent to `state`; False where no way leads there.  Raises Unavailable."""
        async with self._database.writing() as connection:
            moved = await connection.execute(_moved(state, now).where(consents.c.consent_id == consent_id))
            return bool(moved.rowcount)

    async def expire_consents(self, now: Instant) -> list[Consent]:
        """Let consents expire whose time is over, some at once; return them.  Raises Unavailable."""
        over = (
            select(consents.c.consent_id)
            .where(consents.c.state.in_(sources(ConsentState.EXPIRED)), consents.c.expires_at <= now)
            .where(consents.c.used_by == "")  # one that a call uses comes to be Consumed
            .limit(EXPIRED_AT_ONCE)
        )
        statement = _moved(ConsentState.EXPIRED, now).where(consents.c.consent_id.in_(over)).returning(*consents.c)
        async with self._database.writing() as connection:
            return [from_row(row, Consent) for row in (await connection.execute(statement)).mappings()]

    async def _consent(self, where: Any) -> Consent | None:
        in_force = (consents.c.state == ConsentState.AUTHORISED.value).desc()
        statement = select(consents).where(where).order_by(in_force, consents.c.changed_at.desc()).limit(1)
        async with self._database.reading() as connection:
            row = (await connection.execute(statement)).mappings().first()
            return None if row is None else from_row(row, Consent)


async def end_consents_of(connection: AsyncConnection, grant_id: str, now: Instant) -> None:
    """Revoke what is in force for a grant that ends, in the transaction that ends it."""
    await connection.execute(_moved(ConsentState.REVOKED, now).where(consents.c.grant_id == grant_id))


def _moved(state: ConsentState, now: Instant) -> Any:
    return update(consents).where(consents.c.state.in_(sources(state))).values(state=state.value, changed_at=now)


async def decide_consent(connection: AsyncConnection, decided: Consent) -> bool:
    """Write a decision over a consent that is still open: what is authorised is not authorised again."""
    statement = (
        update(consents)
        .where(consents.c.consent_id == decided.consent_id, consents.c.client_id == decided.client_id)
        .where(consents.c.state.in_(sources(decided.state)), consents.c.expires_at > decided.changed_at)
        .values(to_owned_row(decided))
    )
    return bool((await connection.execute(statement)).rowcount)


async def _decide_in_time(connection: AsyncConnection, decided: Consent) -> None:
    if not await decide_consent(connection, decided):
        raise _Late


async def _change_grant(connection: AsyncConnection, grant: Grant, before: Grant, now: Instant) -> None:
    """Write a changed grant over the one that was read, and end what came from it.  Raises _Late."""
    # codes before the grant, as where a code is redeemed: two transactions never wait for each other
    await connection.execute(
        update(codes).where(codes.c.grant_id == grant.grant_id, codes.c.expires_at > now).values(expires_at=now)
    )
    held = await connection.execute(select(grants).where(grants.c.grant_id == before.grant_id).with_for_update())
    row = held.mappings().first()
    found = None if row is None else from_row(row, Grant)
    if found is None or found.revoked_at is not None or _shape(found) != _shape(before):
        raise _Late
    values = {name: value for name, value in to_owned_row(grant).items() if name not in ("grant_id", "used_at")}
    await connection.execute(update(grants).where(grants.c.grant_id == grant.grant_id).values(values))
    await end_consents_of(connection, grant.grant_id, now)
    await connection.execute(
        update(refresh_tokens)
        .where(refresh_tokens.c.grant_id == grant.grant_id, refresh_tokens.c.revoked_at.is_(None))
        .values(revoked_at=now)
    )


def _shape(grant: Grant) -> tuple[Any, ...]:
    return grant.client_id, grant.user_id, grant.scopes, grant.authorization_details, grant.expires_at
