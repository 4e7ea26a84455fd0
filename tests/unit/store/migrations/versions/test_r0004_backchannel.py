"""This step keeps what is there, and can be taken back."""

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import create_engine, inspect, text

from ringfence.store.migrations.versions import r0001_first_records as first
from ringfence.store.migrations.versions import r0002_consents as second
from ringfence.store.migrations.versions import r0004_backchannel as step


def test_up_with_rows_and_down_again() -> None:
    with create_engine("sqlite://").connect() as connection, Operations.context(MigrationContext.configure(connection)):
        first.upgrade()
        second.upgrade()
        before = {table: columns(connection, table) for table in inspect(connection).get_table_names()}
        connection.execute(
            text(
                "INSERT INTO clients (client_id, name, status, authentication, jwks, tls_subject, binding, redirect_uris,"
                " scopes, grant_types, access_token_seconds, created_at) VALUES"
                " ('c', 'C', 'active', 'private_key_jwt', '{}', '', 'dpop', '[]', '[]', '[]', 0, 1.0)"
            )
        )
        step.upgrade()
        assert {"backchannel_requests", "notices"} <= set(inspect(connection).get_table_names())
        kept = connection.execute(text("SELECT name, backchannel_token_delivery_mode FROM clients")).all()
        assert list(kept) == [("C", "")]
        step.downgrade()
        assert {table: columns(connection, table) for table in inspect(connection).get_table_names()} == before


def columns(connection, table: str) -> list[str]:
    inspect(connection).clear_cache()
    return [column["name"] for column in inspect(connection).get_columns(table)]
