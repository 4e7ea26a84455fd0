"""Run Alembic over the connection that `store.migrate` holds the lock with."""

from alembic import context

from ringfence.store.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
