"""The states of a batch, and every way from one to the next.

`validating` -> `in_progress` -> `finalizing` -> `completed`, or `failed`, `expired`, `cancelling` -> `cancelled`.
Promises that a batch which was cancelled never goes on, and that its end, its files and the news of it are one
transaction.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from lib.engine.batches.log import BatchLog
from lib.engine.files.folder import Stored
from lib.engine.files.intake import BATCH_SECONDS, new_file
from lib.engine.hooks import hooks
from lib.engine.store import Store
from lib.engine.tables import BatchRow, now

WAITING = ("validating", "in_progress", "finalizing", "cancelling")
CANCELLABLE = ("validating", "in_progress")
PURPOSE = "batch_output"


def waiting(store: Store) -> list[BatchRow]:
    """Return the batches that have not ended, oldest first."""
    with store.reading() as session:
        query = select(BatchRow).where(BatchRow.status.in_(WAITING)).order_by(BatchRow.seq)
        return list(session.scalars(query))


def read(store: Store, batch_id: str) -> BatchRow:
    """Return a batch as it is now."""
    with store.reading() as session:
        return _get(session, batch_id)


def fail(store: Store, batch_id: str, errors: list[dict[str, Any]]) -> BatchRow:
    """End a batch whose file cannot be run, unless it was cancelled meanwhile; return it."""
    with store.writing() as session:
        row = _get(session, batch_id)
        if row.status == "validating":
            row.errors = errors
            reach(row, "failed")
            hooks.tell(session, row.project, "batch.failed", row.id)
        return row


def begin(store: Store, batch_id: str, total: int, model: str) -> BatchRow:
    """Let a checked batch begin, unless it was cancelled meanwhile; return it."""
    with store.writing() as session:
        row = _get(session, batch_id)
        if row.status == "validating":
            row.total, row.model = total, model
            reach(row, "in_progress")
        return row


def count(store: Store, batch_id: str, progress: BatchLog) -> None:
    """Note how far a batch is."""
    with store.writing() as session:
        row = _get(session, batch_id)
        row.completed, row.failed = progress.completed, progress.failed


def finalize(store: Store, batch_id: str) -> bool:
    """Let a batch whose requests are answered write its files; return False if it was cancelled before that."""
    with store.writing() as session:
        row = _get(session, batch_id)
        if row.status == "in_progress":
            reach(row, "finalizing")
        return row.status == "finalizing"


def cancel(row: BatchRow) -> None:
    """Ask a batch to stop."""
    reach(row, "cancelling")


def end(
    store: Store, batch_id: str, status: str, progress: BatchLog, output: Stored | None, errors: Stored | None
) -> None:
    """End a batch with what is done."""
    with store.writing() as session:
        row = _get(session, batch_id)
        if output:
            _add_file(session, row, output, "output")
            row.output_file = output.id
        if errors:
            _add_file(session, row, errors, "error")
            row.error_file = errors.id
        row.completed, row.failed, row.usage = progress.completed, progress.failed, progress.usage
        reach(row, status)
        hooks.tell(session, row.project, f"batch.{status}", row.id)


def reach(row: BatchRow, status: str) -> None:
    """Note a status and when it was reached."""
    row.status = status
    latest = max([row.created_at, *row.times.values()])  # a clock that went back makes no time negative
    row.times = row.times | {f"{status}_at": max(now(), latest)}


def _add_file(session: Session, row: BatchRow, stored: Stored, kind: str) -> None:
    seconds = row.output_expires_after or BATCH_SECONDS
    session.add(new_file(stored, row.project, f"{row.id}_{kind}.jsonl", PURPOSE, seconds))


def _get(session: Session, batch_id: str) -> BatchRow:
    return session.scalars(select(BatchRow).where(BatchRow.id == batch_id)).one()
