"""What a job was asked to do next, and where it stands in its service's queue."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Give jobs a wish and a place in a queue; those that are there have none."""
    op.add_column("jobs", sa.Column("wish", sa.String))
    op.add_column("jobs", sa.Column("wished_at", sa.Double))
    op.add_column("jobs", sa.Column("queue", sa.JSON, nullable=False, server_default="{}"))
