"""What pages read of jobs: rows of the database as frozen records. Nothing here talks to a backend."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from lib.datasets.recipe import Recipe
from lib.errors import TuneboardError


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


FINAL = frozenset({Status.SUCCEEDED, Status.FAILED, Status.CANCELLED, Status.VANISHED})
OURS = frozenset({Status.WAITING, Status.UPLOADING, Status.CREATING, Status.CONFIRMING})


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
    checked_at: float | None
    """When the backend last told us how it is."""
    retry_at: float | None
    """When it is asked again, while there is a `problem`."""
    cancel_requested_at: float | None

    @property
    def live(self) -> bool:
        """Return whether it may still change."""
        return self.status not in FINAL


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
        raise NotImplementedError


@dataclass(frozen=True)
class Progress:
    """How far a job is. None where it isn't known yet."""

    step: int | None
    total_steps: int | None
    fraction: float | None
    eta_seconds: float | None


def jobs(limit: int = 200) -> list[Job]:
    """Return jobs, newest first."""
    raise NotImplementedError


def job(id: str) -> Job | None:
    """Return a job, or None if there is none with this id."""
    raise NotImplementedError


def events(id: str, limit: int = 200) -> list[Event]:
    """Return the events of a job, newest first."""
    raise NotImplementedError


def metrics(id: str) -> list[dict[str, Any]]:
    """Return the numbers of a job's metrics events, by step."""
    raise NotImplementedError


def progress(job: Job) -> Progress:
    """Return how far a job is."""
    raise NotImplementedError


def tuned_models() -> list[Job]:
    """Return the jobs that ended with a model, newest first."""
    raise NotImplementedError


def result_bytes(job: Job) -> bytes | None:
    """Return the result file as the backend sent it, or None if there is none."""
    raise NotImplementedError
