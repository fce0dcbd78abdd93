"""What a job's log tells of its course beside the numbers: when each step was done, and which checkpoints it left."""

from __future__ import annotations

from sqlalchemy import select

from lib.db import EventRow, session
from lib.jobs.records import CHECKPOINT


def moments(id: str) -> dict[float, float]:
    """Return step -> when the service says it was done, in seconds since 1970."""
    query = select(EventRow.data, EventRow.created_at).where(EventRow.job_id == id, EventRow.type == "metrics")
    with session() as opened:
        told = [(data.get("step"), at) for data, at in opened.execute(query)]
    return {float(step): at for step, at in told if isinstance(step, int | float)}


def checkpoints(id: str) -> list[tuple[int, str]]:
    """Return (step, model) of each checkpoint, by step; the model is "" where the service does not name it.

    A line of the log that names one has `step` and `model` in its data, either of which may be unknown.
    """
    query = select(EventRow.data).where(EventRow.job_id == id, EventRow.type == CHECKPOINT)
    with session() as opened:
        told = [(data.get("step"), data.get("model")) for data in opened.scalars(query)]
    return sorted((int(step), str(model or "")) for step, model in told if isinstance(step, int | float))
