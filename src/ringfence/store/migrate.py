"""Bring a database of records to the form that this version of Ringfence knows, once, whoever starts first."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, text

from ringfence.store.database import Database
from ringfence.store.interface import Unavailable

MIGRATIONS = Path(__file__).parent / "migrations"

_LOCK_NUMBER = 0x52494E47
"""Names our advisory lock in PostgreSQL: "RING"."""


async def migrate(database: Database) -> None:
    """Apply the migrations that `database` lacks, all in one transaction.

    The transaction holds the database's write lock, so roles that start at once wait and then find it done.

    Raises:
        Unavailable: the database cannot be written, or a newer Ringfence has changed it.
    """
    try:
        async with database.writing() as connection:
            await connection.run_sync(_upgrade)
    except CommandError as error:
        raise Unavailable(f"records: written by a newer version of Ringfence? {error}") from error


def _upgrade(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": _LOCK_NUMBER})
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
