"""Uploads, drafts, datasets and their versions, jobs and their events."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables of the first release."""
    _shelf()
    _jobs()
    _events()


def _shelf() -> None:
    op.create_table(
        "uploads",
        sa.Column("sha256", sa.String, primary_key=True),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
    )
    op.create_table(
        "drafts",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("state", sa.JSON, nullable=False),
        sa.Column("updated_at", sa.Double, nullable=False),
    )
    op.create_table(
        "datasets",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("name", sa.String, nullable=False, unique=True),
        sa.Column("created_at", sa.Double, nullable=False),
    )
    op.create_table(
        "dataset_versions",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("dataset_id", sa.String, sa.ForeignKey("datasets.id"), nullable=False, index=True),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("sha256", sa.String, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("examples", sa.Integer, nullable=False),
        sa.Column("format", sa.String, nullable=False),
        sa.Column("recipe", sa.JSON, nullable=False),
        sa.Column("source_sha256", sa.String, nullable=False),
        sa.Column("source_name", sa.String, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Index("one_number_a_dataset", "dataset_id", "number", unique=True),
    )


def _jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("connection", sa.String, nullable=False),
        sa.Column("model", sa.String, nullable=False),
        sa.Column("version_id", sa.String, sa.ForeignKey("dataset_versions.id"), nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("settings", sa.JSON, nullable=False),
        sa.Column("recipe", sa.JSON, nullable=False),
        sa.Column("estimate", sa.JSON, nullable=False),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("status_at", sa.Double, nullable=False),
        sa.Column("error", sa.JSON),
        sa.Column("problem", sa.JSON),
        sa.Column("training_file", sa.String),
        sa.Column("validation_file", sa.String),
        sa.Column("remote_id", sa.String, index=True),
        sa.Column("tuned_model", sa.String, index=True),
        sa.Column("result_sha256", sa.String),
        sa.Column("trained_tokens", sa.Integer),
        sa.Column("hyperparameters", sa.JSON, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False, index=True),
        sa.Column("started_at", sa.Double),
        sa.Column("finished_at", sa.Double),
        sa.Column("estimated_finish", sa.Double),
        sa.Column("checked_at", sa.Double),
        sa.Column("cancel_requested_at", sa.Double),
        sa.Column("cancel_sent_at", sa.Double),
        sa.Column("sent_at", sa.Double),
        sa.Column("closed_at", sa.Double, index=True),
        sa.Column("lease_owner", sa.String),
        sa.Column("lease_until", sa.Double, nullable=False),
        sa.Column("next_step_at", sa.Double, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
    )


def _events() -> None:
    op.create_table(
        "job_events",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("job_id", sa.String, sa.ForeignKey("jobs.id"), nullable=False),
        sa.Column("event_id", sa.String, nullable=False),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("level", sa.String, nullable=False),
        sa.Column("type", sa.String, nullable=False),
        sa.Column("message", sa.String, nullable=False),
        sa.Column("data", sa.JSON, nullable=False),
        sa.Index("an_event_once", "job_id", "event_id", unique=True),
        sa.Index("events_of_a_job", "job_id", "number"),
    )
