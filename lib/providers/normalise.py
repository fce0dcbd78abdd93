"""Whatever a backend answered -> our own records. Tolerant: nothing here raises on a missing or odd field."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class JobSnapshot:
    """A fine-tuning job as the backend told it. `status` is its own word, known to us or not."""

    id: str
    status: str
    model: str
    created_at: float | None
    finished_at: float | None
    estimated_finish: float | None
    tuned_model: str | None
    trained_tokens: int | None
    training_file: str | None
    validation_file: str | None
    result_files: tuple[str, ...]
    hyperparameters: dict[str, Any]
    metadata: dict[str, str]
    error: dict[str, Any] | None
    """`code`, `message`, `param` when the job failed; None when the backend gave no reason."""


@dataclass(frozen=True)
class EventSnapshot:
    """An event of a job. `data` holds the numbers of a `metrics` event."""

    id: str
    created_at: float
    level: str
    type: str
    message: str
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class RemoteModel:
    """A model a backend offers: a base to train, a tuned one to talk to, or both."""

    id: str
    base: bool
    trainable: bool
    owned_by: str = ""
    created: float | None = None
    tokens_per_second: float | None = None
    overhead_seconds: float | None = None
    tokenizer: str | None = None
    tokenizer_path: str | None = None
    parameters: int | None = None
    context: int | None = None
    format: str | None = None
    root: str | None = None
    job: str | None = None
