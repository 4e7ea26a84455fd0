"""This step keeps what is there, and can be taken back."""

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import create_engine, inspect, text

from ringfence.store.migrations.versions import r0001_first_records as first
from ringfence.store.migrations.versions import r0002_consents as second
from ringfence.store.migrations.versions import r0004_backchannel as fourth
from ringfence.store.migrations.versions import r0005_logout as step


def test_up_with_rows_and_down_again() -> None:
    with create_engine("sqlite://").connect() as connection, Operations.context(MigrationContext.configure(connection)):
        for earlier in (first, second, fourth):
            earlier.upgrade()
        before = {table: columns(connection, table) for table in inspect(connection).get_table_names()}
        connection.execute(
            text(
                "INSERT INTO users (user_id, username, password_hash, name, status, created_at) VALUES ('u','m','h','','active',1.0)"
            )
        )
        connection.execute(
            text(
                "INSERT INTO sessions (session_hash, user_id, authenticated_at, expires_at) VALUES ('s', 'u', 1.0, 2.0)"
            )
        )
        step.upgrade()
        assert {"session_clients", "revoked_keys"} <= set(inspect(connection).get_table_names())
        assert list(connection.execute(text("SELECT sid, ended_at FROM sessions")).all()) == [("", None)]
        step.downgrade()
        assert {table: columns(connection, table) for table in inspect(connection).get_table_names()} == before


def columns(connection, table: str) -> list[str]:
    inspect(connection).clear_cache()
    return [column["name"] for column in inspect(connection).get_columns(table)]
