"""The first step can be taken back."""

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import create_engine, inspect

from ringfence.store.migrations.versions import r0001_first_records as step


def test_up_and_down_again() -> None:
    with create_engine("sqlite://").connect() as connection, Operations.context(MigrationContext.configure(connection)):
        step.upgrade()
        assert len(inspect(connection).get_table_names()) == 7
        step.downgrade()
        assert inspect(connection).get_table_names() == []
