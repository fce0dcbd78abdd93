"""A click on Cancel: an intent in the database. The worker acts on it."""

from __future__ import annotations


def request_cancel(job_id: str) -> None:
    """Ask for a job to be cancelled. Nothing happens if it has ended."""
    raise NotImplementedError
