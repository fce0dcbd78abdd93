"""What happens to a job's row: it is checked, begins, moves on with each line of its trainer, rests, and ends.

A function that takes the store is one transaction; one that takes a session is a step in another's. Promises that
lines are stored together with the offset behind them, so that none is lost or stored twice across crashes; that steps
only increase; and that a job which was cancelled or paused is not moved by what its trainer still says.
Knows no process.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from lib.engine.door.usage import folder_bytes
from lib.engine.errors import no_job
from lib.engine.hooks import hooks
from lib.engine.ids import new_id
from lib.engine.jobs.events import measured_in, metrics_event, note
from lib.engine.models.bases import root_of
from lib.engine.queue.turns import take_turn
from lib.engine.store import Store
from lib.engine.tables import CheckpointRow, JobRow, now

ACTIVE = ("validating_files", "queued", "running")
MOST_CRASHES = 3


def find_job(session: Session, job_id: str) -> JobRow:
    """Return the row of a job, or refuse the id."""
    row = session.scalar(select(JobRow).where(JobRow.id == job_id))
    if row is None:
        raise no_job(job_id)
    return row


def oldest_unchecked(store: Store) -> JobRow | None:
    """Return the job whose files have waited longest to be checked."""
    query = select(JobRow).where(JobRow.status == "validating_files").order_by(JobRow.seq).limit(1)
    with store.reading() as session:
        return session.scalar(query)


def accept(store: Store, job_id: str, parameters: int | None = None) -> None:
    """Let a job whose files are good take its place in the queue; `parameters` is the size of its base, if known."""
    with store.writing() as session:
        row = find_job(session, job_id)
        if row.status == "validating_files":
            row.status, row.parameters = "queued", parameters
            note(session, job_id, "Files validated, moving job to queued state")


def fail(store: Store, job_id: str, error: dict[str, Any]) -> None:
    """End a job that cannot go on; `error` says why."""
    with store.writing() as session:
        row = find_job(session, job_id)
        if row.status in ACTIVE:
            _fail(session, row, error)


def _fail(session: Session, row: JobRow, error: dict[str, Any]) -> None:
    row.error = error
    note(session, row.id, f"The job failed: {error['message']}", "error")
    end(session, row, "failed")


def end(session: Session, row: JobRow, status: str) -> None:
    """Write down how a job ended, and let those know who asked to be told."""
    row.status = status
    row.finished_at = max(now(), row.started_at or row.created_at)  # a clock that went back makes no time negative
    row.paused, row.estimated_finish = False, None
    hooks.tell(session, row.project, f"fine_tuning.job.{status}", row.id)


def cancel(session: Session, row: JobRow) -> None:
    """Give a job up."""
    note(session, row.id, "Fine-tuning job cancelled")
    end(session, row, "cancelled")


def pause(session: Session, row: JobRow) -> None:
    """Let a job rest. One whose files are being checked rests when they are; one that runs is back in the queue."""
    if row.status == "running":
        row.status = "queued"
    row.paused, row.estimated_finish = True, None
    note(session, row.id, "Fine-tuning job paused")


def resume(session: Session, row: JobRow) -> None:
    """Let a paused job wait for its turn again."""
    row.paused = False
    note(session, row.id, "Fine-tuning job resumed, moving job to queued state")


def begin(store: Store, job_id: str) -> JobRow | None:
    """Mark a queued job as running; return it as it is now, or None if it was cancelled or paused meanwhile."""
    with store.writing() as session:
        row = find_job(session, job_id)
        if row.status != "queued" or row.paused:
            return None
        row.status, row.waits_for = "running", None
        take_turn(session, row)
        row.starts += 1
        row.started_at = row.started_at or max(now(), row.created_at)
        note(session, job_id, "Fine-tuning job started" if row.starts == 1 else "Fine-tuning job resumed")
        return row


def hold(store: Store, job_id: str, reason: str) -> None:
    """Note why a job whose turn it is does not begin yet."""
    with store.writing() as session:
        row = find_job(session, job_id)
        if row.status == "queued" and row.waits_for is None:
            note(session, job_id, f"{reason} It waits until other jobs give memory back.", "warn")
            row.waits_for = reason


def is_running(store: Store, job_id: str) -> bool:
    """Tell whether a job that began is still wanted."""
    with store.reading() as session:
        return find_job(session, job_id).status == "running"


def is_paused(store: Store, job_id: str) -> bool:
    """Tell whether a job rests, and wants to go on later."""
    with store.reading() as session:
        return find_job(session, job_id).paused


def requeue(
    store: Store,
    reason: str,
    *,
    crashed: bool,
    ours: frozenset[str] = frozenset(),
    code: str = "training_interrupted",
) -> None:
    """Put running jobs, whose trainer is gone, back in the queue; give up on one that crashed too often on the spot.

    A job that made a step since its last crash is not to blame for the next: a long one may outlive many power cuts.
    `ours` names those that do have a trainer; `code` is the error's of a job that is given up.
    """
    with store.writing() as session:
        for row in session.scalars(select(JobRow).where(JobRow.status == "running", JobRow.id.not_in(ours))):
            row.crashes += crashed
            if row.crashes >= MOST_CRASHES:
                message = (
                    f"{reason} This happened {row.crashes} times without a new step in between, so it was given up."
                )
                _fail(session, row, {"code": code, "message": message, "param": None})
            else:
                row.status, row.interrupted = "queued", True
                note(session, row.id, f"{reason} The job goes on from its last checkpoint.", "warn")


def ingest(store: Store, job_id: str, lines: list[dict[str, Any]], offset: int) -> None:
    """Store what the trainer wrote up to `offset`."""
    with store.writing() as session:
        row = find_job(session, job_id)
        if row.status == "running":
            for line in lines:
                _apply(session, row, line)
            row.offset = offset


def _apply(session: Session, row: JobRow, line: dict[str, Any]) -> None:
    match line.get("kind"):
        case "message":
            note(session, row.id, line["message"], line.get("level", "info"))
        case "resolved":
            row.hyperparameters = row.hyperparameters | line["hyperparameters"]
            row.parameters = line.get("parameters")
            row.total_steps = line.get("total_steps")
        case "metrics" if line["step"] > row.last_step:
            row.last_step, row.crashes = line["step"], 0
            pace = line["seconds"] / line["step"]
            row.estimated_finish = round(line["at"] + pace * (line["total_steps"] - line["step"]))
            session.add(metrics_event(row.id, line))
        case "checkpoint":
            _add_checkpoint(session, row, line)
        case "done" | "error":
            row.outcome = line


def _add_checkpoint(session: Session, row: JobRow, line: dict[str, Any]) -> None:
    """Store a checkpoint, and forget those that the trainer has pruned from the disk."""
    kept = list(session.scalars(select(CheckpointRow).where(CheckpointRow.job_id == row.id)))
    for old in kept:
        if not Path(old.path).is_dir():
            session.delete(old)
    step = line["step"]
    if any(old.step == step for old in kept):
        return
    name = tuned_name(row, step)
    metrics = {"step": step, **measured_in(line["metrics"])}
    session.add(
        CheckpointRow(
            id=new_id("ftckpt_"),
            job_id=row.id,
            step=step,
            model=name,
            path=line["path"],
            bytes=folder_bytes(Path(line["path"])),
            metrics=metrics,
        )
    )
    note(session, row.id, f"Checkpoint created at step {step} with Snapshot ID: {name}")


def tuned_name(row: JobRow, step: int | None = None) -> str:
    """Return the id of the model that a job makes, or of its checkpoint at a step."""
    base = root_of(row.model)
    suffix = re.sub(r"[^\w.-]+", "-", row.suffix or "")
    return f"ft:{base}:tuneboard:{suffix}:{row.tag}" + (f":ckpt-step-{step}" if step else "")
