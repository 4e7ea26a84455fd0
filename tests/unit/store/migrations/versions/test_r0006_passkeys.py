"""The step keeps the sessions that are there, and can be taken back."""

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import create_engine, inspect, text

from ringfence.store.migrations.versions import r0001_first_records as first
from ringfence.store.migrations.versions import r0002_consents as second
from ringfence.store.migrations.versions import r0006_passkeys as step


def test_up_with_rows_and_down_again() -> None:
    with create_engine("sqlite://").connect() as connection, Operations.context(MigrationContext.configure(connection)):
        first.upgrade()
        second.upgrade()
        connection.execute(
            text(
                "INSERT INTO users (user_id, username, password_hash, name, status, created_at)"
                " VALUES ('u', 'mia', 'h', '', 'active', 1.0)"
            )
        )
        connection.execute(
            text("INSERT INTO sessions (session_hash, user_id, authenticated_at, expires_at) VALUES ('s', 'u', 1, 2)")
        )
        step.upgrade()
        assert list(connection.execute(text("SELECT session_hash, used_at FROM sessions")).all()) == [("s", None)]
        assert "passkeys" in inspect(connection).get_table_names()
        step.downgrade()
        inspect(connection).clear_cache()
        assert "passkeys" not in inspect(connection).get_table_names()
        assert "used_at" not in [column["name"] for column in inspect(connection).get_columns("sessions")]
