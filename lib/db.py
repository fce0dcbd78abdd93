"""The dashboard's tables and sessions (SQLAlchemy 2).

SQLite by default, PostgreSQL by URL. Times are UTC, in seconds since 1970, taken from `now()`: they sort, subtract
and survive any database alike. The schema is made and moved by the Alembic steps in `lib/migrations/`.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, cast

from sqlalchemy import JSON, CursorResult, Engine, ForeignKey, Index, create_engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from lib.config import settings


def now() -> float:
    """Return the time in seconds since 1970, UTC."""
    return time.time()


def new_id() -> str:
    """Return a random id: 32 hexadecimal digits."""
    return uuid.uuid4().hex


class Base(DeclarativeBase):
    type_annotation_map = {dict[str, Any]: JSON, list[Any]: JSON}  # noqa: RUF012 - SQLAlchemy's own idiom


class UploadRow(Base):
    """A file somebody gave us. The bytes lie under their SHA-256; the name is only ever shown."""

    __tablename__ = "uploads"
    sha256: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    size: Mapped[int]
    created_at: Mapped[float] = mapped_column(default=now)


class DraftRow(Base):
    """A half-filled form, so that a reload or another tab finds it as it was. `kind` is `data` or `train`."""

    __tablename__ = "drafts"
    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    kind: Mapped[str]
    state: Mapped[dict[str, Any]] = mapped_column(default=dict)
    updated_at: Mapped[float] = mapped_column(default=now, onupdate=now)


class DatasetRow(Base):
    __tablename__ = "datasets"
    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[float] = mapped_column(default=now)


class VersionRow(Base):
    """A dataset version: the JSONL (by SHA-256), the recipe that made it and the file it was made from."""

    __tablename__ = "dataset_versions"
    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    dataset_id: Mapped[str] = mapped_column(ForeignKey("datasets.id"), index=True)
    number: Mapped[int]
    sha256: Mapped[str]
    size: Mapped[int]
    examples: Mapped[int]
    format: Mapped[str]
    recipe: Mapped[dict[str, Any]]
    corrections: Mapped[dict[str, Any]] = mapped_column(default=dict)
    source_sha256: Mapped[str]
    source_name: Mapped[str]
    created_at: Mapped[float] = mapped_column(default=now)

    __table_args__ = (Index("one_number_a_dataset", "dataset_id", "number", unique=True),)


class JobRow(Base):
    """A fine-tuning job, from the click on. `id` is the launch id: made with the form, unique for ever.

    `status` is the backend's own word once there is one; before that `waiting`, `uploading`, `creating` or
    `confirming` (an answer was lost, so we look before we try again). The worker that holds the lease is the only
    one to act on the job. `sent_at` is written before a request that must not happen twice, and cleared by its
    answer: while it stands, that request may still take effect. `closed_at` means that nothing is left to do.
    """

    __tablename__ = "jobs"
    id: Mapped[str] = mapped_column(primary_key=True)
    connection: Mapped[str]
    model: Mapped[str]
    version_id: Mapped[str] = mapped_column(ForeignKey("dataset_versions.id"))
    name: Mapped[str] = mapped_column(default="")
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict)
    recipe: Mapped[dict[str, Any]] = mapped_column(default=dict)
    estimate: Mapped[dict[str, Any]] = mapped_column(default=dict)
    status: Mapped[str] = mapped_column(default="waiting")
    status_at: Mapped[float] = mapped_column(default=now)
    error: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True), default=None)
    problem: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True), default=None)
    training_file: Mapped[str | None]
    validation_file: Mapped[str | None]
    remote_id: Mapped[str | None] = mapped_column(index=True)
    tuned_model: Mapped[str | None] = mapped_column(index=True)
    result_sha256: Mapped[str | None]
    trained_tokens: Mapped[int | None]
    hyperparameters: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[float] = mapped_column(default=now, index=True)
    started_at: Mapped[float | None]
    finished_at: Mapped[float | None]
    estimated_finish: Mapped[float | None]
    checked_at: Mapped[float | None]
    queue: Mapped[dict[str, Any]] = mapped_column(default=dict)
    notes: Mapped[str] = mapped_column(default="")
    tags: Mapped[list[Any]] = mapped_column(default=list)
    owner: Mapped[str] = mapped_column(default="")
    project: Mapped[str] = mapped_column(default="")
    actual: Mapped[dict[str, Any]] = mapped_column(default=dict)
    hidden_at: Mapped[float | None]
    wish: Mapped[str | None]
    wished_at: Mapped[float | None]
    cancel_requested_at: Mapped[float | None]
    cancel_sent_at: Mapped[float | None]
    sent_at: Mapped[float | None]
    closed_at: Mapped[float | None] = mapped_column(index=True)
    lease_owner: Mapped[str | None]
    lease_until: Mapped[float] = mapped_column(default=0.0)
    next_step_at: Mapped[float] = mapped_column(default=0.0)
    attempts: Mapped[int] = mapped_column(default=0)


class ConnectionRow(Base):
    """A backend that a user added. `sealed` is its key, encrypted; without one it has none, or one in memory alone."""

    __tablename__ = "connections"
    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    provider: Mapped[str]
    title: Mapped[str]
    base_url: Mapped[str]
    sealed: Mapped[str | None]
    keyed: Mapped[bool] = mapped_column(default=False)
    extra: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[float] = mapped_column(default=now)


class BudgetRow(Base):
    """What one person may spend at services in a month; the owner "" is everybody else."""

    __tablename__ = "budgets"
    owner: Mapped[str] = mapped_column(primary_key=True)
    dollars: Mapped[float]
    created_at: Mapped[float] = mapped_column(default=now)


class WebhookRow(Base):
    """A webhook that was taken: its id, so that a replay is known."""

    __tablename__ = "webhooks"
    id: Mapped[str] = mapped_column(primary_key=True)
    connection: Mapped[str]
    created_at: Mapped[float] = mapped_column(default=now, index=True)


class ArchiveRow(Base):
    """What was fetched of a tuned model that will be shut down: `contents` names files of the library by SHA-256."""

    __tablename__ = "archives"
    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    connection: Mapped[str]
    model: Mapped[str] = mapped_column(index=True)
    remote_id: Mapped[str | None]
    contents: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[float] = mapped_column(default=now)
    finished_at: Mapped[float | None]


class RecordingRow(Base):
    """A prompt that a retiring model was asked, and its answer, None until it is asked or while it can't answer."""

    __tablename__ = "recordings"
    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    archive: Mapped[str] = mapped_column(ForeignKey("archives.id"), index=True)
    number: Mapped[int]
    prompt: Mapped[dict[str, Any]]
    answer: Mapped[str | None]
    trouble: Mapped[str | None]
    created_at: Mapped[float] = mapped_column(default=now)


class EventRow(Base):
    """An event of a job as the backend told it, or one of our own (`source` is `backend` or `dashboard`)."""

    __tablename__ = "job_events"
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id"))
    event_id: Mapped[str]
    source: Mapped[str] = mapped_column(default="backend")
    created_at: Mapped[float]
    level: Mapped[str] = mapped_column(default="info")
    type: Mapped[str] = mapped_column(default="message")
    message: Mapped[str] = mapped_column(default="")
    data: Mapped[dict[str, Any]] = mapped_column(default=dict)

    __table_args__ = (
        Index("an_event_once", "job_id", "event_id", unique=True),
        Index("events_of_a_job", "job_id", "number"),
    )


def insert_once(opened: Session, table: type[Base], **values: Any) -> bool:
    """Insert a row unless one with the same key is there; return whether this call put it there."""
    dialect = postgresql if opened.get_bind().dialect.name == "postgresql" else sqlite
    statement = dialect.insert(table).values(**values).on_conflict_do_nothing()
    # Without the option an insert on PostgreSQL forgets how many rows it made.
    done = opened.execute(statement, execution_options={"preserve_rowcount": True})
    return cast("CursorResult[Any]", done).rowcount == 1


@lru_cache
def engine(url: str) -> Engine:
    """Return the one engine of this process for `url`; SQLite gets WAL and waits 30 s for a lock."""
    made = create_engine(url, pool_pre_ping=True)
    if made.dialect.name == "sqlite":

        @event.listens_for(made, "connect")
        def _prepare(connection: Any, _record: Any) -> None:
            cursor = connection.cursor()
            for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=30000", "foreign_keys=ON"):
                cursor.execute(f"PRAGMA {pragma}")
            cursor.close()

    return made


@contextmanager
def session() -> Iterator[Session]:
    """Open a session that commits at the end, or rolls back if the block raises."""
    with Session(engine(settings().database), expire_on_commit=False) as opened, opened.begin():
        yield opened
