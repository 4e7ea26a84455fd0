"""Grants, and the codes and refresh tokens that come from them: single use and revocation in SQL.  RFC 6749 §4.1.2."""

from sqlalchemy import bindparam, select, update

from ringfence.clock import Instant
from ringfence.store.consent_records import ConsentRecords, end_consents_of
from ringfence.store.lookups import Lookup
from ringfence.store.model import Code, Grant, RefreshToken
from ringfence.store.rows import from_row, to_owned_row, to_row
from ringfence.store.schema import codes, grants, refresh_tokens

_GRANT = Lookup(Grant, grants.c.grant_id)
_CODE = Lookup(Code, codes.c.code_hash)
_REFRESH_TOKEN = Lookup(RefreshToken, refresh_tokens.c.token_hash)

# What every redemption runs, written once: to build a statement costs more than to run it.
_CONSUME = (
    update(codes)
    .where(codes.c.code_hash == bindparam("b_code"), codes.c.client_id == bindparam("b_client"))
    .where(codes.c.consumed_at.is_(None), codes.c.expires_at > bindparam("b_now"))
    .values(consumed_at=bindparam("b_now"))
    .returning(*codes.c)
)
_USE = (
    update(grants)
    .where(grants.c.grant_id == bindparam("b_grant"), grants.c.revoked_at.is_(None))
    .values(used_at=bindparam("b_now"))
)
_KEEP = refresh_tokens.insert()


class GrantRecords(ConsentRecords):
    """The part of `Records` that is about what customers allowed."""

    async def add_grant(self, grant: Grant, code: Code | None = None) -> None:
        """Keep a grant, with its first code in the same transaction.

        Raises:
            Unavailable: also when the client or the user was removed meanwhile.
        """
        async with self._database.writing() as connection:
            await connection.execute(grants.insert(), to_owned_row(grant))
            if code is not None:
                await connection.execute(codes.insert(), to_row(code))

    async def grant(self, grant_id: str) -> Grant | None:
        """Return the grant in whatever state, or None.  Raises Unavailable."""
        return await self._database.find(_GRANT, grant_id)

    async def list_grants(self, client_id: str = "", user_id: str = "", limit: int = 1000) -> list[Grant]:
        """Return grants, newest first, filtered where an argument is not empty.  Raises Unavailable."""
        statement = select(grants).order_by(grants.c.created_at.desc(), grants.c.grant_id).limit(limit)
        if client_id:
            statement = statement.where(grants.c.client_id == client_id)
        if user_id:
            statement = statement.where(grants.c.user_id == user_id)
        async with self._database.reading() as connection:
            return [from_row(row, Grant) for row in (await connection.execute(statement)).mappings()]

    async def revoke_grant(self, grant_id: str, why: str, now: Instant) -> bool:
        """Revoke a grant, its consent and its refresh tokens, committed on return; False if unknown or revoked already.

        Raises:
            Unavailable: nothing was changed.
        """
        async with self._database.writing() as connection:
            revoked = await connection.execute(
                update(grants)
                .where(grants.c.grant_id == grant_id, grants.c.revoked_at.is_(None))
                .values(revoked_at=now, revoked_why=why)
            )
            if not revoked.rowcount:
                return False
            await connection.execute(
                update(refresh_tokens)
                .where(refresh_tokens.c.grant_id == grant_id, refresh_tokens.c.revoked_at.is_(None))
                .values(revoked_at=now)
            )
            await end_consents_of(connection, grant_id, now)
            return True

    async def note_use(self, grant_id: str, now: Instant) -> None:
        """Keep when tokens were last issued from a grant.  Raises Unavailable."""
        async with self._database.writing() as connection:
            await connection.execute(update(grants).where(grants.c.grant_id == grant_id).values(used_at=now))

    async def code(self, code_hash: str) -> Code | None:
        """Return the code in whatever state, or None.  Raises Unavailable."""
        return await self._database.find(_CODE, code_hash)

    async def redeem_code(
        self, code_hash: str, client_id: str, now: Instant, refresh: RefreshToken | None
    ) -> Code | None:
        """Consume a code and keep `refresh` in one transaction: exactly one caller gets the code, others None.

        Raises:
            Unavailable: nothing was consumed.
        """
        async with self._database.writing() as connection:
            spent = {"b_code": code_hash, "b_client": client_id, "b_now": now}
            row = (await connection.execute(_CONSUME, spent)).mappings().first()
            if row is None:
                return None
            # Held until we commit (SQLite holds the whole file): a revocation under way either is seen here,
            # or waits and then finds the new refresh token.
            used = {"b_grant": row["grant_id"], "b_now": now}
            if not (await connection.execute(_USE, used)).rowcount:
                return None  # consumed all the same: nobody may use it any more
            if refresh is not None:
                await connection.execute(_KEEP, to_row(refresh))
            return from_row(row, Code)

    async def refresh_token(self, token_hash: str) -> RefreshToken | None:
        """Return the refresh token in whatever state, or None.  Raises Unavailable."""
        return await self._database.find(_REFRESH_TOKEN, token_hash)
