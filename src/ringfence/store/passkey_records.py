"""The records of customers' passkeys and of how their sessions are used.  Web Authentication Level 3 §6.1.1, §7."""

from typing import Final

from sqlalchemy import delete, exists, or_, select, update
from sqlalchemy.exc import IntegrityError

from ringfence.clock import Instant
from ringfence.store.database import Database
from ringfence.store.model import Passkey
from ringfence.store.rows import from_row, to_row
from ringfence.store.schema import passkeys, sessions, users

MOST_PASSKEYS: Final = 20
"""Of one customer: more than anybody's devices, and little enough to name them all to a browser."""


class PasskeyRecords:
    """The part of `Records` that is about passkeys."""

    _database: Database

    async def add_passkey(self, passkey: Passkey, recovery_codes: str = "") -> bool:
        """Keep a passkey, with recovery codes for who has none; False as the protocol says.  Raises Unavailable."""
        async with self._database.writing() as connection:
            # the user's row is written first: two additions at once count one after the other
            owner = update(users).where(users.c.user_id == passkey.user_id).values(status=users.c.status)
            if not (await connection.execute(owner)).rowcount:
                return False
            kept = (
                await connection.execute(select(passkeys.c.credential_id).where(passkeys.c.user_id == passkey.user_id))
            ).all()
            if len(kept) >= MOST_PASSKEYS:
                return False
            try:
                async with connection.begin_nested():
                    await connection.execute(passkeys.insert().values(to_row(passkey)))
            except IntegrityError:
                return False
            if recovery_codes:
                await connection.execute(
                    update(users)
                    .where(users.c.user_id == passkey.user_id, users.c.recovery_codes == "")
                    .values(recovery_codes=recovery_codes)
                )
            return True

    async def passkey(self, credential_id: str) -> Passkey | None:
        """Return the passkey, or None.  Raises Unavailable."""
        async with self._database.reading() as connection:
            statement = select(passkeys).where(passkeys.c.credential_id == credential_id)
            row = (await connection.execute(statement)).mappings().first()
            return None if row is None else from_row(row, Passkey)

    async def list_passkeys(self, user_id: str) -> list[Passkey]:
        """Return a user's passkeys, the oldest first.  Raises Unavailable."""
        statement = (
            select(passkeys)
            .where(passkeys.c.user_id == user_id)
            .order_by(passkeys.c.created_at, passkeys.c.credential_id)
        )
        async with self._database.reading() as connection:
            return [from_row(row, Passkey) for row in (await connection.execute(statement)).mappings()]

    async def use_passkey(self, credential_id: str, sign_count: int, now: Instant, *, backed_up: bool) -> bool:
        """Note a use; False for a count that has been seen.  Raises Unavailable."""
        counted = passkeys.c.sign_count < sign_count
        if sign_count == 0:
            counted = passkeys.c.sign_count == 0
        statement = (
            update(passkeys)
            .where(passkeys.c.credential_id == credential_id, counted)
            .values(sign_count=sign_count, used_at=now, backed_up=backed_up)
        )
        async with self._database.writing() as connection:
            return bool((await connection.execute(statement)).rowcount)

    async def name_passkey(self, user_id: str, credential_id: str, name: str) -> bool:
        """Call a user's passkey otherwise; False if there is no such one.  Raises Unavailable."""
        own = (passkeys.c.user_id == user_id) & (passkeys.c.credential_id == credential_id)
        async with self._database.writing() as connection:
            return bool((await connection.execute(update(passkeys).where(own).values(name=name))).rowcount)

    async def remove_passkey(self, user_id: str, credential_id: str, *, last: bool) -> bool:
        """Remove a user's passkey; the last second factor only where `last` says so.  Raises Unavailable."""
        own = (passkeys.c.user_id == user_id) & (passkeys.c.credential_id == credential_id)
        async with self._database.writing() as connection:
            # as in `add_passkey`: of two removals at once, the second sees what the first has left
            await connection.execute(update(users).where(users.c.user_id == user_id).values(status=users.c.status))
            others = exists().where(passkeys.c.user_id == user_id, passkeys.c.credential_id != credential_id)
            has_app = exists().where(users.c.user_id == user_id, users.c.totp_secret != "")
            statement = delete(passkeys).where(own)
            if not last:
                statement = statement.where(or_(others.correlate(None), has_app.correlate(None)))
            removed = bool((await connection.execute(statement)).rowcount)
            if removed and last:
                left = exists().where(passkeys.c.user_id == user_id)
                await connection.execute(
                    update(users)
                    .where(users.c.user_id == user_id, users.c.totp_secret == "", ~left)
                    .values(recovery_codes="")
                )
            return removed

    async def note_session_use(self, session_hash: str, now: Instant) -> None:
        """Keep when a session was last used.  Raises Unavailable."""
        async with self._database.writing() as connection:
            await connection.execute(
                update(sessions).where(sessions.c.session_hash == session_hash).values(used_at=now)
            )
