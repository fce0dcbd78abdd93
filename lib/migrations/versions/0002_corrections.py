"""What was corrected by hand in the file that a dataset version was made from."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Give versions their corrections; those that are there have none."""
    op.add_column("dataset_versions", sa.Column("corrections", sa.JSON, nullable=False, server_default="{}"))
