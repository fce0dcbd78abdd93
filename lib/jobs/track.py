"""Follow a job at its backend: what it says, its events, its result file, its model. Statuses are an open set."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import select

from lib import library
from lib.db import EventRow, JobRow, now, session
from lib.i18n import N_
from lib.jobs import wishes
from lib.jobs.errors import JobFailed, JobFailedSilently, JobVanished
from lib.jobs.lease import Lease, Line, note
from lib.jobs.records import CHECKPOINT, FINAL, Status
from lib.jobs.wishes import Wish
from lib.providers import backend
from lib.providers.connections import Connection
from lib.providers.errors import NotFound, RateLimited, Refused
from lib.providers.normalise import CheckpointSnapshot, EventSnapshot, JobSnapshot
from lib.providers.results import Results

LATE_SECONDS = 180.0
"""A tuned model and a result file may appear this long after the job succeeded: at Crusoe it takes two minutes."""
MISSING_TIMES = 3
"""How often in a row a job must be unknown at the backend before we believe it."""
LONG_WAIT = 600.0
MILLION = 1_000_000


def follow(lease: Lease, at: Connection, remote_id: str) -> float:
    """Record how the job is now; return the seconds until it should be looked at again."""
    if lease.job.cancel_requested_at and not lease.job.cancel_sent_at and lease.job.status not in FINAL:
        _cancel(lease, at, remote_id)
    elif lease.job.wish and lease.job.wished_at:
        _fulfil(lease, at, remote_id, Wish(lease.job.wish), lease.job.wished_at)
    try:
        told = backend.job(at, remote_id)
    except NotFound:
        if not _is_gone(lease):
            raise
        return _vanish(lease, at, remote_id)
    _record(lease, at, told, _new_events(lease, at, remote_id))
    return _wrap_up(lease, at, told) if told.status in FINAL else _pause(lease, at)


def _cancel(lease: Lease, at: Connection, remote_id: str) -> None:
    line = note("cancel", N_("Asked {service} to cancel."), service=at.title)
    try:
        backend.cancel_job(at, remote_id)
    except RateLimited:
        raise
    except Refused as refusal:
        detail = str(refusal.values.get("detail"))
        line = note("cancel", N_("{service} would not cancel: {detail}"), "warn", service=at.title, detail=detail)
    lease.save(line, cancel_sent_at=now())


def _fulfil(lease: Lease, at: Connection, remote_id: str, wish: Wish, wished_at: float) -> None:
    asked = {Wish.PAUSE: N_("Asked {service} to pause."), Wish.RESUME: N_("Asked {service} to go on.")}
    act = {Wish.PAUSE: backend.pause_job, Wish.RESUME: backend.resume_job}
    line = note(f"{wish}-{wished_at}", asked[wish], service=at.title)
    try:
        act[wish](at, remote_id)
    except RateLimited:
        raise
    except Refused as refusal:
        detail = str(refusal.values.get("detail"))
        line = note(f"{wish}-{wished_at}", N_("{service} refused: {detail}"), "warn", service=at.title, detail=detail)
    lease.save(line)
    wishes.fulfilled(lease.job.id, wished_at)


def _new_events(lease: Lease, at: Connection, remote_id: str) -> list[EventSnapshot]:
    def known(ids: list[str]) -> set[str]:
        with session() as opened:
            mine = select(EventRow.event_id).where(EventRow.job_id == lease.job.id, EventRow.event_id.in_(ids))
            return set(opened.scalars(mine))

    try:
        return backend.events(at, remote_id, known)
    except RateLimited:
        raise
    except Refused:  # a service without events still has jobs
        return []


def _record(lease: Lease, at: Connection, told: JobSnapshot, fresh: list[EventSnapshot]) -> None:
    job = lease.job
    values: dict[str, Any] = {
        "status": told.status,
        "estimated_finish": told.estimated_finish,
        "queue": told.queue,
        "hyperparameters": told.hyperparameters or job.hyperparameters,
        "tuned_model": told.tuned_model or job.tuned_model,
        "trained_tokens": told.trained_tokens or job.trained_tokens,
        "checked_at": now(),
        "problem": None,
        "attempts": 0,
    }
    if told.status == Status.RUNNING and job.started_at is None:
        values["started_at"] = now()
    if told.status in FINAL and job.finished_at is None:
        values["finished_at"] = told.finished_at or now()
    if told.status == Status.FAILED and job.error is None:
        values["error"] = _reason(at, told, fresh)
    lease.save(*(Line(**asdict(event)) for event in fresh), **values)


def _reason(at: Connection, told: JobSnapshot, fresh: list[EventSnapshot]) -> dict[str, Any]:
    """Return why it failed: in the job's error, else in its last event of level error, else nobody says."""
    error = told.error or {}
    message = error.get("message") or error.get("code")
    message = message or next((event.message for event in reversed(fresh) if event.level == "error"), None)
    if not message:
        return JobFailedSilently(service=at.title).to_json()
    return JobFailed(service=at.title, message=message, code=error.get("code"), param=error.get("param")).to_json()


def _wrap_up(lease: Lease, at: Connection, told: JobSnapshot) -> float:
    """Fetch what a finished job leaves behind, then close it."""
    lines: list[Line] = []
    late = now() - lease.job.status_at > LATE_SECONDS
    expected = told.status == Status.SUCCEEDED and not late
    if expected and not (told.tuned_model and (told.result_files or at.can.results != Results.FILES)):
        return at.can.poll_seconds
    result = lease.job.result_sha256
    if not result:
        try:
            found = backend.result(at, told)
            result = library.save_file(found) if found else None
        except RateLimited:
            raise
        except Refused as refusal:
            unread = N_("The result file can't be read: {detail}")
            lines.append(note("no-result", unread, "warn", detail=str(refusal.values.get("detail"))))
    lease.save(*lines, *_checkpoints(at, told), result_sha256=result, actual=_actual(lease.job), closed_at=now())
    return 0.0


def _checkpoints(at: Connection, told: JobSnapshot) -> list[Line]:
    """Tell what models the job left on its way. They are kept in its log, as lines of a type of their own."""
    try:
        found = backend.checkpoints(at, told.id)
    except RateLimited:
        raise
    except Refused:  # a service without checkpoints still has jobs
        return []
    return [_checkpoint(kept) for kept in found]


def _checkpoint(kept: CheckpointSnapshot) -> Line:
    named = N_("Checkpoint after step {step}: {model}")
    line = note(f"checkpoint-{kept.id}", named, step=kept.step, model=kept.model or kept.id)
    return replace(line, type=CHECKPOINT, data=line.data | asdict(kept))


def _actual(job: JobRow) -> dict[str, Any]:
    """Return what a job took, as far as it is known: tokens, US dollars or its estimate's currency, and minutes.

    No service tells what it billed: it is the tokens it says it trained, at the price of the estimate.
    """
    took: dict[str, Any] = {}
    price = job.estimate.get("price_per_mtok")
    if job.trained_tokens is not None:
        took["tokens"] = job.trained_tokens
        if price is not None:
            took["dollars"] = job.trained_tokens * price / MILLION
    if job.started_at and job.finished_at and job.finished_at >= job.started_at:
        took["minutes"] = (job.finished_at - job.started_at) / 60
    return took


def _is_gone(lease: Lease) -> bool:
    before = (lease.job.problem or {}).get("error") == NotFound.__name__
    return before and lease.job.attempts >= MISSING_TIMES - 1


def _vanish(lease: Lease, at: Connection, remote_id: str) -> float:
    why, ended = JobVanished(service=at.title, remote_id=remote_id), now()
    said = note("vanished", why.what, "error", **why.values)
    lease.save(said, status=Status.VANISHED, error=why.to_json(), problem=None, finished_at=ended, closed_at=ended)
    return 0.0


def _pause(lease: Lease, at: Connection) -> float:
    """Look often at a job that runs, seldom at one that waits for long or is paused."""
    waits = lease.job.status != Status.RUNNING and now() - lease.job.status_at > LONG_WAIT
    return at.can.poll_seconds * (3 if waits or lease.job.status == Status.PAUSED else 1)
