"""The records of protected fields in SQL.  NIST SP 800-38D §8.3; PCI DSS §3.7.4."""

from sqlalchemy import Select, select, update
from sqlalchemy.exc import IntegrityError

from ringfence.clock import Instant
from ringfence.store.database import Database
from ringfence.store.protection_model import FieldKey, VaultToken
from ringfence.store.rows import from_row, to_row
from ringfence.store.schema import field_keys, vault_tokens


class ProtectionRecords:
    """The part of `Records` that is about protected fields."""

    _database: Database

    async def field_keys(self, tenant: str, field: str) -> list[FieldKey]:
        """Return the versions of a field's key, the newest first.  Raises Unavailable."""
        statement = (
            select(field_keys)
            .where(field_keys.c.tenant == tenant, field_keys.c.field == field)
            .order_by(field_keys.c.version.desc())
        )
        async with self._database.reading() as connection:
            return [from_row(row, FieldKey) for row in (await connection.execute(statement)).mappings()]

    async def add_field_key(self, key: FieldKey) -> bool:
        """Keep a new version and retire those before it; False where it is there already.  Raises Unavailable."""
        before = (
            update(field_keys)
            .where(
                field_keys.c.tenant == key.tenant,
                field_keys.c.field == key.field,
                field_keys.c.version < key.version,
                field_keys.c.retired_at.is_(None),
            )
            .values(retired_at=key.created_at)
        )
        async with self._database.writing() as connection:
            try:
                async with connection.begin_nested():
                    await connection.execute(field_keys.insert().values(to_row(key)))
            except IntegrityError:
                return False
            await connection.execute(before)
            return True

    async def lease_field_key(self, data_key: str, block: int, most: int) -> int | None:
        """Add a block of uses and return the sum, or None.  Raises Unavailable."""
        leased = (
            update(field_keys)
            .where(
                field_keys.c.data_key == data_key,
                field_keys.c.retired_at.is_(None),
                field_keys.c.uses + block <= most,
            )
            .values(uses=field_keys.c.uses + block)
            .returning(field_keys.c.uses)
        )
        async with self._database.writing() as connection:
            found = (await connection.execute(leased)).first()
            return None if found is None else int(found[0])

    async def retire_field_key(self, data_key: str, now: Instant) -> bool:
        """Let a key only open from now on.  Raises Unavailable."""
        retired = (
            update(field_keys)
            .where(field_keys.c.data_key == data_key, field_keys.c.retired_at.is_(None))
            .values(retired_at=now)
        )
        async with self._database.writing() as connection:
            return bool((await connection.execute(retired)).rowcount)

    async def keep_token(self, token: VaultToken) -> str:
        """Keep a token, or return the one of the same value, or nothing.  Raises Unavailable."""
        row = to_row(token) | {"value_index": token.value_index or None}
        async with self._database.writing() as connection:
            try:
                async with connection.begin_nested():
                    await connection.execute(vault_tokens.insert().values(row))
            except IntegrityError:
                if not token.value_index:
                    return ""
                found = (await connection.execute(_of_value(token.tenant, token.field, token.value_index))).first()
                return "" if found is None else str(found[0])
            return token.token

    async def vault_token(self, token: str) -> VaultToken | None:
        """Return what a token stands for, or None.  Raises Unavailable."""
        async with self._database.reading() as connection:
            row = (
                (await connection.execute(select(vault_tokens).where(vault_tokens.c.token == token))).mappings().first()
            )
            return None if row is None else from_row(dict(row) | {"value_index": row["value_index"] or ""}, VaultToken)

    async def token_of(self, tenant: str, field: str, value_index: str) -> str:
        """Return the token that stands for a value already, or nothing.  Raises Unavailable."""
        async with self._database.reading() as connection:
            found = (await connection.execute(_of_value(tenant, field, value_index))).first()
            return "" if found is None else str(found[0])


def _of_value(tenant: str, field: str, value_index: str) -> Select[tuple[str]]:
    return select(vault_tokens.c.token).where(
        vault_tokens.c.tenant == tenant, vault_tokens.c.field == field, vault_tokens.c.value_index == value_index
    )
