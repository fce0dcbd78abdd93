"""A job's events and checkpoints, as rows and as OpenAI's objects."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Text, exists, func, literal, select, type_coerce
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from lib.engine.door.projects import project_of
from lib.engine.errors import no_job
from lib.engine.ids import new_id
from lib.engine.paging import list_object, list_response, read_page, take, take_values
from lib.engine.store import Store
from lib.engine.tables import CheckpointRow, EventRow, JobRow

METRICS = (
    "train_loss",
    "valid_loss",
    "full_valid_loss",
    "train_mean_token_accuracy",
    "valid_mean_token_accuracy",
    "full_valid_mean_token_accuracy",
)
_LOSSES = (("training", "train_loss"), ("validation", "valid_loss"), ("full validation", "full_valid_loss"))


def note(session: Session, job_id: str, message: str, level: str = "info") -> None:
    """Add a sentence to a job's events."""
    session.add(EventRow(id=new_id("ftevent-"), job_id=job_id, level=level, message=message, data=None))


def metrics_event(job_id: str, line: dict[str, Any]) -> EventRow:
    """Return the event of one training step, with OpenAI's sentence and keys."""
    step, total = line["step"], line["total_steps"]
    measured = measured_in(line)
    losses = [f"{name} loss={measured[key]:.2f}" for name, key in _LOSSES if measured[key] is not None]
    return EventRow(
        id=new_id("ftevent-"),
        job_id=job_id,
        type="metrics",
        created_at=int(line["at"]),
        message=f"Step {step}/{total}: {', '.join(losses)}",
        data={"step": step, "total_steps": total, **measured},
    )


def measured_in(line: dict[str, Any]) -> dict[str, float | None]:
    """Return the metrics of a trainer's line; one that is no finite number, which JSON cannot hold, as not measured."""
    found = {key: line.get(key) for key in METRICS}
    return {key: value if value is not None and math.isfinite(value) else None for key, value in found.items()}


def event_object() -> ColumnElement[str]:
    """Return the expression for OpenAI's event object as JSON.

    SQLite writes it: pages are long and often asked for, and what `data` holds is JSON in the store already.
    """
    data = func.coalesce(type_coerce(EventRow.data, Text), "{}")
    fields = {
        "object": literal("fine_tuning.job.event"),
        "id": EventRow.id,
        "created_at": EventRow.created_at,
        "level": EventRow.level,
        "message": EventRow.message,
        "type": EventRow.type,
        "data": func.json(data),
    }
    return func.json_object(*(part for field in fields.items() for part in field), type_=Text)


def checkpoint_object(row: CheckpointRow) -> dict[str, Any]:
    """Return OpenAI's checkpoint object."""
    return {
        "object": "fine_tuning.job.checkpoint",
        "id": row.id,
        "created_at": row.created_at,
        "fine_tuned_model_checkpoint": row.model,
        "fine_tuning_job_id": row.job_id,
        "metrics": row.metrics,
        "step_number": row.step,
    }


class Events:
    """The routes."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def routes(self) -> list[Route]:
        """Return the routes of events and checkpoints."""
        job = "/v1/fine_tuning/jobs/{job_id}"
        return [
            Route(f"{job}/events", self.events, methods=["GET"]),
            Route(f"{job}/checkpoints", self.checkpoints, methods=["GET"]),
        ]

    def events(self, request: Request) -> Response:
        """List a job's events, newest first."""
        page = read_page(request, default=20, most=1000)
        with self._store.reading() as session:
            job_id = known_job(session, request)
            events, more = take_values(session, EventRow, event_object(), [EventRow.job_id == job_id], page)
        return list_response(events, more)

    def checkpoints(self, request: Request) -> Response:
        """List a job's checkpoints that can still be asked, newest first."""
        page = read_page(request, default=10, most=1000)
        with self._store.reading() as session:
            job_id = known_job(session, request)
            rows, more = take(session, CheckpointRow, [CheckpointRow.job_id == job_id], page)
            there = [checkpoint_object(row) for row in rows if Path(row.path).is_dir()]
            return JSONResponse(list_object(there, more, ends=True))


def known_job(session: Session, request: Request) -> str:
    """Return the job id in the path, or refuse it."""
    job_id = request.path_params["job_id"]
    if not session.scalar(select(exists().where(JobRow.id == job_id, JobRow.project == project_of(request)))):
        raise no_job(job_id)
    return job_id
