"""The second step keeps what is there, and can be taken back."""

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import create_engine, inspect, text

from ringfence.store.migrations.versions import r0001_first_records as first
from ringfence.store.migrations.versions import r0002_consents as step


def test_up_with_rows_and_down_again() -> None:
    with create_engine("sqlite://").connect() as connection, Operations.context(MigrationContext.configure(connection)):
        first.upgrade()
        before = {table: columns(connection, table) for table in inspect(connection).get_table_names()}
        connection.execute(
            text("INSERT INTO users VALUES ('u', 'mia', 'h', '', 'active', 1.0)"),
        )
        connection.execute(text("INSERT INTO sessions VALUES ('s', 'u', 1.0, 2.0)"))
        step.upgrade()
        assert "consents" in inspect(connection).get_table_names()
        kept = connection.execute(text("SELECT device, network, expires_at FROM sessions")).all()
        assert list(kept) == [("", "", 2.0)]
        step.downgrade()
        assert {table: columns(connection, table) for table in inspect(connection).get_table_names()} == before


def columns(connection, table: str) -> list[str]:
    inspect(connection).clear_cache()
    return [column["name"] for column in inspect(connection).get_columns(table)]
