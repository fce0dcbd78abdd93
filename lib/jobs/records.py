"""What pages read of jobs: rows of the database as frozen records. Nothing here talks to a backend."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

from sqlalchemy import Select, select

from lib import library
from lib.datasets.recipe import Recipe
from lib.db import DatasetRow, EventRow, JobRow, VersionRow, now, session
from lib.errors import TuneboardError
from lib.i18n import translate


class Status(StrEnum):
    """The words we know. A backend may use others: `Job.status` is a plain string and is shown as it is."""

    WAITING = "waiting"
    UPLOADING = "uploading"
    CREATING = "creating"
    CONFIRMING = "confirming"
    VALIDATING = "validating_files"
    QUEUED = "queued"
    RUNNING = "running"
    PAUSING = "pausing"
    PAUSED = "paused"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    VANISHED = "vanished"


CHECKPOINT = "checkpoint"
"""The type of event that tells of a checkpoint."""
FINAL = frozenset({Status.SUCCEEDED, Status.FAILED, Status.CANCELLED, Status.VANISHED})


@dataclass(frozen=True)
class Job:
    """A fine-tuning job, from the click on. `id` is the launch id."""

    id: str
    name: str
    connection: str
    model: str
    version_id: str
    dataset: str
    """Label of the dataset version, `stories v2`."""
    settings: dict[str, Any]
    """What was asked for: the fields of `LaunchSpec`."""
    recipe: Recipe
    estimate: dict[str, Any]
    status: str
    status_since: float
    remote_id: str | None
    tuned_model: str | None
    hyperparameters: dict[str, Any]
    """What the backend resolved: `n_epochs`, `batch_size`, `learning_rate_multiplier`."""
    trained_tokens: int | None
    training_file: str | None
    validation_file: str | None
    result_sha256: str | None
    error: TuneboardError | None
    """Why it failed."""
    problem: TuneboardError | None
    """What keeps us from the backend right now; the job itself may be well."""
    created_at: float
    started_at: float | None
    finished_at: float | None
    estimated_finish: float | None
    queue: dict[str, Any]
    """Where it stands while it waits, as far as the backend tells: `position`, `starts_at`, `reason`."""
    notes: str
    tags: list[str]
    owner: str
    project: str
    actual: dict[str, Any]
    """What it really took, once it has ended: `tokens`, `dollars`, `minutes`, as far as known."""
    checked_at: float | None
    """When the backend last told us how it is."""
    retry_at: float | None
    """When it is asked again, while there is a `problem`."""
    cancel_requested_at: float | None
    wish: str | None
    """`pause` or `resume`, until the backend was asked."""
    closed_at: float | None
    """When the last of it, the result file too, was fetched: nothing will change any more."""

    @property
    def live(self) -> bool:
        """Return whether the job itself goes on."""
        return self.status not in FINAL

    @property
    def closed(self) -> bool:
        """Return whether there is nothing more to wait for; a job that has ended may still leave its result file."""
        return self.closed_at is not None


@dataclass(frozen=True)
class Event:
    """A line of a job's log. `source` is `backend`, or `dashboard` for what we did ourselves."""

    number: int
    id: str
    source: str
    created_at: float
    level: str
    type: str
    message: str
    data: dict[str, Any]

    def text(self) -> str:
        """Return the sentence: ours in the current language, a backend's as it is."""
        return translate(self.message, **self.data.get("values", {})) if self.source == "dashboard" else self.message


@dataclass(frozen=True)
class Checkpoint:
    """A model that a job left on its way. `model` is the name to ask it by, None where the service gives none."""

    id: str
    step: int | None
    model: str | None
    metrics: dict[str, float]


@dataclass(frozen=True)
class Progress:
    """How far a job is. None where it isn't known yet."""

    step: int | None
    total_steps: int | None
    fraction: float | None
    eta_seconds: float | None


def jobs(limit: int = 200) -> list[Job]:
    """Return jobs, newest first."""
    return _jobs(_select().order_by(JobRow.created_at.desc()).limit(limit))


def job(id: str) -> Job | None:
    """Return a job, or None if there is none with this id."""
    return next(iter(_jobs(_select().where(JobRow.id == id))), None)


def get(id: str) -> Job:
    """Return a job that is known to be there."""
    return _jobs(_select().where(JobRow.id == id))[0]


def tuned_models() -> list[Job]:
    """Return the jobs that ended with a model, newest first."""
    ended = (JobRow.status == Status.SUCCEEDED, JobRow.tuned_model.is_not(None))
    return _jobs(_select().where(*ended).order_by(JobRow.created_at.desc()))


def events(id: str, limit: int = 200, *, with_metrics: bool = True) -> list[Event]:
    """Return the events of a job, newest first; the steps of a long training can be left out."""
    query = select(EventRow).where(EventRow.job_id == id).order_by(EventRow.number.desc()).limit(limit)
    if not with_metrics:
        query = query.where(EventRow.type != "metrics")
    with session() as opened:
        return [_event(row) for row in opened.scalars(query)]


def metrics(id: str) -> list[dict[str, Any]]:
    """Return the numbers of a job's metrics events, by step."""
    query = select(EventRow.data).where(EventRow.job_id == id, EventRow.type == "metrics").order_by(EventRow.number)
    with session() as opened:
        by_step = {data["step"]: data for data in opened.scalars(query) if isinstance(data.get("step"), int | float)}
    return [by_step[step] for step in sorted(by_step)]


def checkpoints(id: str) -> list[Checkpoint]:
    """Return the checkpoints of a job that has ended, by step."""
    query = select(EventRow.data).where(EventRow.job_id == id, EventRow.type == CHECKPOINT).order_by(EventRow.number)
    with session() as opened:
        told = list(opened.scalars(query))
    return [Checkpoint(data["id"], data["step"], data["model"], dict(data["metrics"])) for data in told]


def progress(job: Job) -> Progress:
    """Return how far a job is: by its newest metrics event, or by the backend's own estimate of the end."""
    first, last = _ends_of_metrics(job.id)
    step, total = _step(last), last and last.data.get("total_steps")
    if job.status == Status.SUCCEEDED:
        return Progress(step, total or step, 1.0, 0.0)
    if step is None or not total:
        return Progress(step, None, None, _until(job.estimated_finish) if job.live else None)
    return Progress(step, total, min(1.0, step / total), _eta(job, first, last, total) if job.live else None)


def result_bytes(job: Job) -> bytes | None:
    """Return the result file as the backend sent it, or None if there is none."""
    return library.read_file(job.result_sha256) if job.result_sha256 else None


def _eta(job: Job, first: Event | None, last: Event | None, total: float) -> float | None:
    """Return the seconds left at the speed since the first step seen."""
    done, began = _step(last), _step(first)
    if (
        first
        and last
        and done is not None
        and began is not None
        and done > began
        and last.created_at > first.created_at
    ):
        pace = (last.created_at - first.created_at) / (done - began)
        return max(0.0, (total - done) * pace - max(0.0, now() - last.created_at))
    return _until(job.estimated_finish)


def _until(moment: float | None) -> float | None:
    return None if moment is None else max(0.0, moment - now())


def _step(event: Event | None) -> int | None:
    step = event.data.get("step") if event else None
    return int(step) if isinstance(step, int | float) else None


def _ends_of_metrics(id: str) -> tuple[Event | None, Event | None]:
    mine = select(EventRow).where(EventRow.job_id == id, EventRow.type == "metrics").limit(1)
    with session() as opened:
        first = opened.scalars(mine.order_by(EventRow.number)).first()
        last = opened.scalars(mine.order_by(EventRow.number.desc())).first()
        return _event(first) if first else None, _event(last) if last else None


def _select() -> Select[JobRow, int, str]:
    return (
        select(JobRow, VersionRow.number, DatasetRow.name)
        .join(VersionRow, VersionRow.id == JobRow.version_id)
        .join(DatasetRow, DatasetRow.id == VersionRow.dataset_id)
    )


def _jobs(query: Select[JobRow, int, str]) -> list[Job]:
    with session() as opened:
        return [_job(row, f"{name} v{number}") for row, number, name in opened.execute(query)]


def _job(row: JobRow, dataset: str) -> Job:
    same = {field.name: getattr(row, field.name) for field in fields(Job) if field.name in _SAME}
    return Job(
        **same,
        dataset=dataset,
        recipe=Recipe.from_json(row.recipe),
        status_since=row.status_at,
        error=TuneboardError.from_json(row.error) if row.error else None,
        problem=TuneboardError.from_json(row.problem) if row.problem else None,
        retry_at=row.next_step_at if row.problem else None,
    )


def _event(row: EventRow) -> Event:
    return Event(row.number, row.event_id, row.source, row.created_at, row.level, row.type, row.message, dict(row.data))


_SAME = {field.name for field in fields(Job)} & set(JobRow.__table__.columns.keys()) - {"recipe", "error", "problem"}
"""Fields that are in the row as they are."""
