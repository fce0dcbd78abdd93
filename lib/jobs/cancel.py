"""A click on Cancel: an intent in the database. The worker acts on it."""

from __future__ import annotations

from sqlalchemy import update

from lib.db import JobRow, now, session
from lib.jobs import bell


def request_cancel(job_id: str) -> None:
    """Ask for a job to be cancelled. Nothing happens if it has ended, or if that was asked before."""
    live = (JobRow.id == job_id, JobRow.closed_at.is_(None), JobRow.cancel_requested_at.is_(None))
    with session() as opened:
        opened.execute(update(JobRow).where(*live).values(cancel_requested_at=now(), next_step_at=0.0))
    bell.ring()
