"""A click on Cancel, Pause or Resume: an intent in the database. The worker acts on it."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import update

from lib.db import JobRow, now, session
from lib.jobs import bell


class Wish(StrEnum):
    """What may be asked of a job that goes on; the last word counts."""

    PAUSE = "pause"
    RESUME = "resume"


def request_cancel(job_id: str) -> None:
    """Ask for a job to be cancelled. Nothing happens if it has ended, or if that was asked before."""
    live = (JobRow.id == job_id, JobRow.closed_at.is_(None), JobRow.cancel_requested_at.is_(None))
    with session() as opened:
        opened.execute(update(JobRow).where(*live).values(cancel_requested_at=now(), next_step_at=0.0))
    bell.ring()


def request(job_id: str, wish: Wish) -> None:
    """Ask for a job to be paused or to go on. Nothing happens if it has ended or is being cancelled."""
    live = (JobRow.id == job_id, JobRow.closed_at.is_(None), JobRow.cancel_requested_at.is_(None))
    with session() as opened:
        opened.execute(update(JobRow).where(*live).values(wish=wish, wished_at=now(), next_step_at=0.0))
    bell.ring()


def fulfilled(job_id: str, wished_at: float) -> None:
    """Note that the backend was asked; a wish that came in since stays."""
    with session() as opened:
        opened.execute(update(JobRow).where(JobRow.id == job_id, JobRow.wished_at == wished_at).values(wish=None))
