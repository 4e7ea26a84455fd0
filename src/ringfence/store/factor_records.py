"""The records of customers' second factors: every use is a compare-and-set.  RFC 6238 §5.2."""

from typing import Any

from sqlalchemy import delete, update

from ringfence.store.database import Database
from ringfence.store.schema import passkeys, users


class FactorRecords:
    """The part of `Records` that is about authenticators and recovery codes."""

    _database: Database

    async def enrol_authenticator(self, user_id: str, sealed: str, step: int, recovery_codes: str) -> bool:
        """Keep an authenticator; False if the user has one already, or is gone.  Raises Unavailable."""
        return await self._update(
            update(users)
            .where(users.c.user_id == user_id, users.c.totp_secret == "")
            .values(totp_secret=sealed, totp_step=step, recovery_codes=recovery_codes)
        )

    async def claim_totp_step(self, user_id: str, step: int) -> bool:
        """Use a time step: exactly one caller gets it, and none before the last used.  Raises Unavailable."""
        return await self._update(
            update(users)
            .where(users.c.user_id == user_id, users.c.totp_secret != "", users.c.totp_step < step)
            .values(totp_step=step)
        )

    async def change_recovery_codes(self, user_id: str, before: str, after: str) -> bool:
        """Replace the recovery codes that are left; False unless they are still `before`.  Raises Unavailable."""
        return await self._update(
            update(users)
            .where(users.c.user_id == user_id, users.c.recovery_codes == before)
            .values(recovery_codes=after)
        )

    async def remove_authenticator(self, user_id: str) -> bool:
        """Let the user log in with the password alone again; False if there is no such user.  Raises Unavailable."""
        async with self._database.writing() as connection:
            await connection.execute(delete(passkeys).where(passkeys.c.user_id == user_id))
            bare = update(users).where(users.c.user_id == user_id)
            changed = await connection.execute(bare.values(totp_secret="", totp_step=0, recovery_codes=""))
            return bool(changed.rowcount)

    async def _update(self, statement: Any) -> bool:
        async with self._database.writing() as connection:
            return bool((await connection.execute(statement)).rowcount)
