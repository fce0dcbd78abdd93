"""What a job really took, what people note about it, and what is kept of retiring models."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Give jobs their notes and actual figures; make room for budgets, webhooks and archives."""
    op.add_column("jobs", sa.Column("notes", sa.String, nullable=False, server_default=""))
    op.add_column("jobs", sa.Column("tags", sa.JSON, nullable=False, server_default="[]"))
    op.add_column("jobs", sa.Column("owner", sa.String, nullable=False, server_default=""))
    op.add_column("jobs", sa.Column("project", sa.String, nullable=False, server_default=""))
    op.add_column("jobs", sa.Column("actual", sa.JSON, nullable=False, server_default="{}"))
    op.add_column("jobs", sa.Column("hidden_at", sa.Double))
    op.create_table(
        "budgets",
        sa.Column("owner", sa.String, primary_key=True),
        sa.Column("dollars", sa.Double, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
    )
    op.create_table(
        "webhooks",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("connection", sa.String, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False, index=True),
    )
    op.create_table(
        "archives",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("connection", sa.String, nullable=False),
        sa.Column("model", sa.String, nullable=False, index=True),
        sa.Column("remote_id", sa.String),
        sa.Column("contents", sa.JSON, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("finished_at", sa.Double),
    )
    op.create_table(
        "recordings",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("archive", sa.String, sa.ForeignKey("archives.id"), nullable=False, index=True),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("prompt", sa.JSON, nullable=False),
        sa.Column("answer", sa.String),
        sa.Column("trouble", sa.String),
        sa.Column("created_at", sa.Double, nullable=False),
    )
