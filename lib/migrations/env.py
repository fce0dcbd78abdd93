"""Alembic's entry: run the steps on the connection that `migrate()` opened and will commit."""

from __future__ import annotations

from alembic import context

from lib.db import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    transactional_ddl=False,  # the caller holds the transaction
    render_as_batch=True,  # SQLite alters a table by copying it
)
context.run_migrations()
