"""The third step gives names their keys, and can be taken back."""

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import create_engine, inspect, text

from ringfence.store.migrations.versions import r0001_first_records as first
from ringfence.store.migrations.versions import r0002_consents as second
from ringfence.store.migrations.versions import r0003_registrations as step


def test_up_with_rows_and_down_again() -> None:
    with create_engine("sqlite://").connect() as connection, Operations.context(MigrationContext.configure(connection)):
        first.upgrade()
        second.upgrade()
        before = {table: columns(connection, table) for table in inspect(connection).get_table_names()}
        for client_id, name in (("a", "Acme"), ("b", "ＡＣＭＥ"), ("c", "Other")):
            connection.execute(
                text(
                    "INSERT INTO clients (client_id, name, status, authentication, jwks, tls_subject, binding,"
                    " redirect_uris, scopes, grant_types, access_token_seconds, created_at)"
                    " VALUES (:id, :name, 'active', 'private_key_jwt', '{}', '', 'dpop', '[]', '[]', '[]', 0, 1.0)"
                ),
                {"id": client_id, "name": name},
            )
        step.upgrade()
        kept = connection.execute(
            text("SELECT client_id, name_key, subject_type FROM clients ORDER BY client_id")
        ).all()
        assert list(kept) == [("a", "acme", "public"), ("b", "", "public"), ("c", "other", "public")]
        assert {"registrations", "used_statements", "invitations", "logos"} <= set(
            inspect(connection).get_table_names()
        )
        step.downgrade()
        assert {table: columns(connection, table) for table in inspect(connection).get_table_names()} == before


def columns(connection, table: str) -> list[str]:
    inspect(connection).clear_cache()
    return [column["name"] for column in inspect(connection).get_columns(table)]
