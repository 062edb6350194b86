"""Alembic's environment: runs over the connection that `migrate` hands in."""

from alembic import context

from perdure.store.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
