"""The step adds its tables, and can be taken back."""

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import create_engine, inspect

from ringfence.store.migrations.versions import r0014_signals as step


def test_up_and_down_again() -> None:
    with create_engine("sqlite://").connect() as connection, Operations.context(MigrationContext.configure(connection)):
        step.upgrade()
        assert set(inspect(connection).get_table_names()) == {"signal_streams", "pending_signals"}
        step.downgrade()
        inspect(connection).clear_cache()
        assert inspect(connection).get_table_names() == []
