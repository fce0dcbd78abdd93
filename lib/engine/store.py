"""The engine's tables and transactions: one SQLite file in the engine's home.

Promises that a transaction opened with `writing()` holds the write lock from its first statement, so that what it
reads is still true when it commits, and that a committed row survives a power cut (WAL, synchronous=FULL).
Knows nothing of HTTP. Methods block: async code calls them through a thread.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import JSON, Connection, ForeignKey, Index, create_engine, event
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

BUSY_MS = 30_000
_WRITES = "tuneboard_writes"


def now() -> int:
    """Return the time in whole seconds since 1970, as the wire wants it."""
    return int(time.time())


class Base(DeclarativeBase):
    type_annotation_map = {dict[str, Any]: JSON(none_as_null=True)}  # noqa: RUF012 - SQLAlchemy's own idiom


class Listed(Base):
    """A row that is listed and paged: `seq` orders rows by creation even when the clock jumps back."""

    __abstract__ = True
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    id: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[int] = mapped_column(default=now)


class FileRow(Listed):
    """A file; its bytes lie under its generated id. `filename` is only ever shown."""

    __tablename__ = "files"
    filename: Mapped[str]
    purpose: Mapped[str] = mapped_column(index=True)
    bytes: Mapped[int]


class JobRow(Listed):
    """A fine-tuning job. `offset` is how far the trainer's event log has been read, kept with what was read."""

    __tablename__ = "jobs"
    model: Mapped[str]
    training_file: Mapped[str]
    validation_file: Mapped[str | None]
    hyperparameters: Mapped[dict[str, Any]]
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
    model: Mapped[str]
    path: Mapped[str]
    metrics: Mapped[dict[str, Any]]
    __table_args__ = (Index("a_checkpoint_once", "job_id", "step", unique=True),)


class ModelRow(Listed):
    """A tuned model: a folder that the inference worker loads."""

    __tablename__ = "models"
    base: Mapped[str]
    path: Mapped[str]
    job_id: Mapped[str]
    format: Mapped[str | None]
    parameters: Mapped[int | None]


class SpeedRow(Base):
    """What the last finished job on a base measured, for the next estimate."""

    __tablename__ = "speeds"
    base: Mapped[str] = mapped_column(primary_key=True)
    tokens_per_second: Mapped[float]
    overhead_seconds: Mapped[float]


class ReplayRow(Base):
    """The answer once given to an `Idempotency-Key`, to be given again."""

    __tablename__ = "replays"
    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[str]
    answer: Mapped[dict[str, Any]]
    created_at: Mapped[int] = mapped_column(default=now, index=True)


class Store:
    """Opens transactions on one SQLite file, making its tables on first use."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._engine = create_engine(f"sqlite:///{path}", pool_size=8, max_overflow=40)
        event.listen(self._engine, "connect", _prepare)
        event.listen(self._engine, "begin", _begin)
        Base.metadata.create_all(self._engine)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Open a session that sees one moment of the store."""
        with Session(self._engine) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Open a session that holds the write lock, commits at the end, and rolls back if the block raises."""
        bind = self._engine.execution_options(**{_WRITES: True})
        with Session(bind, expire_on_commit=False) as session, session.begin():
            session.connection()
            yield session

    def close(self) -> None:
        """Let go of the file."""
        self._engine.dispose()


def _prepare(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves: sqlite3 would open transactions late and deferred
    for pragma in ("journal_mode=WAL", "synchronous=FULL", f"busy_timeout={BUSY_MS}", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
