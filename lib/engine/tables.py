"""The engine's tables: what it keeps of files, jobs, models, batches, keys and answers.

A column that a newer version adds has a default or may be null, so that an older engine's file can be taken over.
"""

from __future__ import annotations

import time
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

DEFAULT_PROJECT = "default"


def now() -> int:
    """Return the time in whole seconds since 1970, as the wire wants it."""
    return int(time.time())


class Base(DeclarativeBase):
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy's own idiom
        dict[str, Any]: JSON(none_as_null=True),
        list[Any]: JSON(none_as_null=True),
    }


class Listed(Base):
    """A row that is listed and paged: `seq` orders rows by creation even when the clock jumps back."""

    __abstract__ = True
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    id: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[int] = mapped_column(default=now)


class Owned(Listed):
    """A row that one project owns; the others cannot tell that it is there."""

    __abstract__ = True
    project: Mapped[str] = mapped_column(default=DEFAULT_PROJECT, server_default=DEFAULT_PROJECT, index=True)


class KeyRow(Owned):
    """A key that clients may send, as a hash. It acts for its project alone."""

    __tablename__ = "keys"
    name: Mapped[str]
    digest: Mapped[str] = mapped_column(unique=True)
    hint: Mapped[str]


class FileRow(Owned):
    """A file; its bytes lie under its generated id. `filename` is only ever shown."""

    __tablename__ = "files"
    filename: Mapped[str]
    purpose: Mapped[str] = mapped_column(index=True)
    bytes: Mapped[int]
    status: Mapped[str] = mapped_column(default="processed", server_default="processed")
    status_details: Mapped[str | None]
    expires_at: Mapped[int | None] = mapped_column(index=True)


class UploadRow(Owned):
    """A file that comes in parts. `expires_after` is what the finished file will be given, `part_ids` its order."""

    __tablename__ = "uploads"
    filename: Mapped[str]
    purpose: Mapped[str]
    mime_type: Mapped[str]
    bytes: Mapped[int]
    status: Mapped[str] = mapped_column(default="pending")
    expires_at: Mapped[int] = mapped_column(index=True)
    expires_after: Mapped[int | None]
    file_id: Mapped[str | None]
    part_ids: Mapped[list[Any] | None]


class PartRow(Listed):
    """One part of an upload; its bytes lie under its generated id."""

    __tablename__ = "parts"
    upload_id: Mapped[str] = mapped_column(index=True)
    bytes: Mapped[int]


class JobRow(Owned):
    """A fine-tuning job. `offset` is how far the trainer's event log has been read, kept with what was read.

    A paused job is `queued` (OpenAI's clients know no other word for it) and has `paused` set.
    """

    __tablename__ = "jobs"
    model: Mapped[str]
    training_file: Mapped[str]
    validation_file: Mapped[str | None]
    method: Mapped[str] = mapped_column(default="supervised", server_default="supervised")
    hyperparameters: Mapped[dict[str, Any]]
    integrations: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    priority: Mapped[int] = mapped_column(default=0, server_default="0")
    paused: Mapped[bool] = mapped_column(default=False, server_default="0")
    seed: Mapped[int]
    suffix: Mapped[str | None]
    tag: Mapped[str]
    meta: Mapped[dict[str, Any] | None]
    status: Mapped[str] = mapped_column(default="validating_files", index=True)
    error: Mapped[dict[str, Any] | None]
    started_at: Mapped[int | None]
    finished_at: Mapped[int | None]
    estimated_finish: Mapped[int | None]
    fine_tuned_model: Mapped[str | None]
    result_file: Mapped[str | None]
    trained_tokens: Mapped[int | None]
    parameters: Mapped[int | None]
    last_step: Mapped[int] = mapped_column(default=0)
    offset: Mapped[int] = mapped_column(default=0)
    starts: Mapped[int] = mapped_column(default=0)
    crashes: Mapped[int] = mapped_column(default=0)
    outcome: Mapped[dict[str, Any] | None]
    turn: Mapped[int | None] = mapped_column(index=True)
    """Number of its latest start, counted over all jobs."""
    interrupted: Mapped[bool] = mapped_column(default=False, server_default="0")
    """It was running when the engine or its trainer went away."""
    waits_for: Mapped[str | None]
    """Why it does not start though it could be its turn."""
    total_steps: Mapped[int | None]
    told_ahead: Mapped[int | None]
    told_start: Mapped[int | None]
    """What its last event about the queue said: how many jobs are ahead, and when it starts."""
    __table_args__ = (Index("turns_of_a_project", "project", "turn"),)


class MetadataRow(Base):
    """One pair of a job's metadata, apart so that a filter is one index lookup."""

    __tablename__ = "job_metadata"
    key: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str] = mapped_column(primary_key=True)
    job_seq: Mapped[int] = mapped_column(ForeignKey("jobs.seq"), primary_key=True)


class EventRow(Listed):
    """An event of a job: a sentence, or a sentence with the metrics of a step in `data`."""

    __tablename__ = "events"
    job_id: Mapped[str]
    level: Mapped[str] = mapped_column(default="info")
    type: Mapped[str] = mapped_column(default="message")
    message: Mapped[str]
    data: Mapped[dict[str, Any] | None]
    __table_args__ = (Index("events_of_a_job", "job_id", "seq"),)


class CheckpointRow(Listed):
    """The model as it was at a step."""

    __tablename__ = "checkpoints"
    job_id: Mapped[str]
    step: Mapped[int]
    model: Mapped[str] = mapped_column(index=True)
    path: Mapped[str]
    bytes: Mapped[int | None]
    metrics: Mapped[dict[str, Any]]
    __table_args__ = (Index("a_checkpoint_once", "job_id", "step", unique=True),)


class PermissionRow(Listed):
    """Another project may ask a checkpoint's model."""

    __tablename__ = "permissions"
    model: Mapped[str] = mapped_column(index=True)
    project: Mapped[str]
    __table_args__ = (Index("a_permission_once", "model", "project", unique=True),)


class ModelRow(Owned):
    """A tuned model: a folder that the inference worker loads."""

    __tablename__ = "models"
    base: Mapped[str]
    path: Mapped[str]
    job_id: Mapped[str] = mapped_column(index=True)
    bytes: Mapped[int | None]
    format: Mapped[str | None]
    parameters: Mapped[int | None]


class BatchRow(Owned):
    """Many requests in a file, answered in another. `times` holds when each status was reached."""

    __tablename__ = "batches"
    endpoint: Mapped[str]
    model: Mapped[str | None]
    input_file: Mapped[str]
    completion_window: Mapped[str]
    status: Mapped[str] = mapped_column(default="validating", index=True)
    errors: Mapped[list[Any] | None]
    output_file: Mapped[str | None]
    error_file: Mapped[str | None]
    output_expires_after: Mapped[int | None]
    total: Mapped[int] = mapped_column(default=0)
    completed: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    expires_at: Mapped[int]
    times: Mapped[dict[str, Any]]
    usage: Mapped[dict[str, Any] | None]
    meta: Mapped[dict[str, Any] | None]


class HookRow(Owned):
    """An address that is told when a project's jobs and batches end, and the secret that signs what it is told.

    `event_types` names what it is told; None is all there is. A secret that was replaced may sign beside the new one
    for a while.
    """

    __tablename__ = "hooks"
    name: Mapped[str] = mapped_column(default="", server_default="")
    url: Mapped[str]
    secret: Mapped[str]
    old_secret: Mapped[str | None]
    old_secret_until: Mapped[int | None]
    event_types: Mapped[list[Any] | None]
    updated_at: Mapped[int] = mapped_column(default=now, server_default="0")


class DeliveryRow(Listed):
    """One thing to tell one address, kept until it is told or given up."""

    __tablename__ = "deliveries"
    hook_id: Mapped[str] = mapped_column(index=True)
    event: Mapped[dict[str, Any]]
    attempts: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[int | None] = mapped_column(default=now, index=True)
    trouble: Mapped[str | None]


class SpeedRow(Base):
    """What the last finished job on a base measured, for the next estimate."""

    __tablename__ = "speeds"
    base: Mapped[str] = mapped_column(primary_key=True)
    tokens_per_second: Mapped[float]
    overhead_seconds: Mapped[float]
    tokens_per_byte: Mapped[float | None]


class ReplayRow(Base):
    """The answer once given to an `Idempotency-Key`, to be given again."""

    __tablename__ = "replays"
    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[str]
    answer: Mapped[dict[str, Any]]
    created_at: Mapped[int] = mapped_column(default=now, index=True)
