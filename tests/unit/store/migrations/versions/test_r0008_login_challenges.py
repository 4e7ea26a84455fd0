"""The step keeps the sessions that are there, and can be taken back."""

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import create_engine, inspect, text

from ringfence.store.migrations.versions import r0001_first_records as first
from ringfence.store.migrations.versions import r0002_consents as second
from ringfence.store.migrations.versions import r0008_login_challenges as step


def test_up_with_rows_and_down_again() -> None:
    with create_engine("sqlite://").connect() as connection, Operations.context(MigrationContext.configure(connection)):
        first.upgrade()
        second.upgrade()
        before = columns(connection)
        insert = (
            "INSERT INTO sessions (session_hash, user_id, authenticated_at, expires_at) VALUES ('s', 'u', 1.0, 2.0)"
        )
        connection.execute(text(insert))
        step.upgrade()
        assert "login_challenges" in inspect(connection).get_table_names()
        assert list(connection.execute(text("SELECT amr FROM sessions")).scalars()) == [""]
        step.downgrade()
        assert columns(connection) == before


def columns(connection) -> dict[str, list[str]]:
    inspect(connection).clear_cache()
    found = inspect(connection)
    return {table: [c["name"] for c in found.get_columns(table)] for table in found.get_table_names()}
