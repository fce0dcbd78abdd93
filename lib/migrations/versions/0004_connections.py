"""Backends that users added."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make room for connections; a key lies there encrypted or not at all."""
    op.create_table(
        "connections",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("provider", sa.String, nullable=False),
        sa.Column("title", sa.String, nullable=False),
        sa.Column("base_url", sa.String, nullable=False),
        sa.Column("sealed", sa.String),
        sa.Column("keyed", sa.Boolean, nullable=False),
        sa.Column("extra", sa.JSON, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
    )
