"""The step adds its tables, and can be taken back."""

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import create_engine, inspect

from ringfence.store.migrations.versions import r0017_pushed_and_received_signals as step


def test_up_and_down_again() -> None:
    with create_engine("sqlite://").connect() as connection, Operations.context(MigrationContext.configure(connection)):
        step.upgrade()
        tables = {"signal_pushes", "passed_over_subjects", "received_signals", "signal_transmitters"}
        assert set(inspect(connection).get_table_names()) == tables
        step.downgrade()
        inspect(connection).clear_cache()
        assert inspect(connection).get_table_names() == []
