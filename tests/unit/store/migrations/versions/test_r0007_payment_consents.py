"""The step keeps the consents that are there, and can be taken back."""

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import create_engine, inspect, text

from ringfence.store.migrations.versions import r0001_first_records as first
from ringfence.store.migrations.versions import r0002_consents as second
from ringfence.store.migrations.versions import r0007_payment_consents as step


def test_up_with_rows_and_down_again() -> None:
    with create_engine("sqlite://").connect() as connection, Operations.context(MigrationContext.configure(connection)):
        first.upgrade()
        second.upgrade()
        before = columns(connection)
        insert = "INSERT INTO consents (consent_id, client_id, state, scopes, authorization_details, text_version, "
        insert += "text_sha256, created_at, changed_at, expires_at) "
        connection.execute(text(insert + "VALUES ('k', 'c', 'Authorised', '[]', '[]', 0, '', 1.0, 1.0, 2.0)"))
        step.upgrade()
        kept = connection.execute(text("SELECT authentication_code, used_by, used_at FROM consents")).all()
        assert list(kept) == [("", "", None)]
        step.downgrade()
        assert columns(connection) == before


def columns(connection) -> list[str]:
    inspect(connection).clear_cache()
    return [column["name"] for column in inspect(connection).get_columns("consents")]
