"""Whatever a backend answered -> our own records. Tolerant: nothing here raises on a missing or odd field."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

_MILLISECONDS = 1e11
"""A number of seconds this large would be the year 5138: it is in milliseconds."""


_SPELLINGS = {"pending": "queued", "notrunning": "queued", "canceled": "cancelled"}
"""Words for a job's status seen at Azure (BerriAI/litellm#24687) -> OpenAI's."""


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
    queue: dict[str, Any]
    """What our engine tells of its queue: `position` (1 is next), `starts_at`, `reason`; empty for others."""
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
class CheckpointSnapshot:
    """A model as it was after `step` steps. `model` is the name to ask it by, None where the service gives none."""

    id: str
    step: int | None
    model: str | None
    created_at: float | None
    metrics: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class AutoEpochs:
    """What the engine does when a job leaves the epochs to it: read about `tokens`, in `least` to `most` epochs."""

    tokens: int
    least: int
    most: int

    def reach(self, tokens_an_epoch: int) -> int:
        """Return the epochs for examples of that many tokens together."""
        return max(self.least, min(self.most, round(self.tokens / max(1, tokens_an_epoch))))


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
    measured: bool = False
    """Whether the speed was measured where it runs; else it is what such models usually reach."""
    auto_epochs: AutoEpochs | None = None
    tokenizer: str | None = None
    tokenizer_path: str | None = None
    parameters: int | None = None
    context: int | None = None
    format: str | None = None
    root: str | None = None
    job: str | None = None


def job(raw: Mapping[str, Any]) -> JobSnapshot:
    """Read a fine-tuning job."""
    ours = _dict(raw.get("tuneboard"))
    status = (text(raw.get("status")) or "unknown").lower()
    status = _SPELLINGS.get(status, status)
    return JobSnapshot(
        id=text(raw.get("id")) or "",
        status="paused" if ours.get("state") == "paused" else status,
        model=text(raw.get("model")) or "",
        created_at=moment(raw.get("created_at")),
        finished_at=moment(raw.get("finished_at")),
        estimated_finish=moment(raw.get("estimated_finish")),
        tuned_model=text(raw.get("fine_tuned_model")),
        trained_tokens=whole(raw.get("trained_tokens")),
        training_file=text(raw.get("training_file")),
        validation_file=text(raw.get("validation_file")),
        result_files=tuple(filter(None, map(_file_id, _list(raw.get("result_files"))))),
        hyperparameters=_hyperparameters(raw),
        metadata={str(key): str(value) for key, value in _dict(raw.get("metadata")).items()},
        queue=_queue(ours),
        error=_error(raw.get("error")),
    )


def _queue(ours: dict[str, Any]) -> dict[str, Any]:
    told = {
        "position": whole(ours.get("position")),
        "starts_at": moment(ours.get("starts_at")),
        "reason": text(ours.get("reason")),
    }
    return {name: value for name, value in told.items() if value is not None}


def event(raw: Mapping[str, Any]) -> EventSnapshot:
    """Read an event; one without an id gets one made of what it says."""
    at, message, data = moment(raw.get("created_at")) or 0.0, text(raw.get("message")) or "", _dict(raw.get("data"))
    return EventSnapshot(
        id=text(raw.get("id")) or f"{at}-{data.get('step', '')}-{message}"[:200],
        created_at=at,
        level=(text(raw.get("level")) or "info").lower(),
        type=text(raw.get("type")) or "message",
        message=message,
        data=finite(data),
    )


def checkpoint(raw: Mapping[str, Any]) -> CheckpointSnapshot:
    """Read a checkpoint. Crusoe's `fine_tuned_model_id` is what is deployed, and its other name is for people."""
    told = _dict(raw.get("metrics"))
    step = whole(raw.get("step_number"))
    step = whole(told.get("step")) if step is None else step
    return CheckpointSnapshot(
        id=text(raw.get("id")) or f"step-{step}",
        step=step,
        model=text(raw.get("fine_tuned_model_id")) or text(raw.get("fine_tuned_model_checkpoint")),
        created_at=moment(raw.get("created_at")),
        metrics={str(name): value for name, found in told.items() if (value := number(found)) is not None},
    )


def model(raw: Mapping[str, Any]) -> RemoteModel:
    """Read a model; what only our engine tells stays None for others."""
    id, ours = text(raw.get("id")) or "", _dict(raw.get("tuneboard"))
    tuned = id.startswith("ft:") or ".ft-" in id
    return RemoteModel(
        id=id,
        base=bool(ours.get("base", not tuned)),
        trainable=bool(ours.get("trainable", False)),
        owned_by=text(raw.get("owned_by")) or "",
        created=moment(raw.get("created")),
        tokens_per_second=number(ours.get("tokens_per_second")),
        overhead_seconds=number(ours.get("overhead_seconds")),
        measured=ours.get("measured") is True,
        auto_epochs=_auto_epochs(_dict(ours.get("auto_epochs"))),
        tokenizer=text(ours.get("tokenizer")),
        tokenizer_path=text(ours.get("tokenizer_path")),
        parameters=whole(ours.get("parameters")),
        context=whole(ours.get("context")),
        format=text(ours.get("format")),
        root=text(ours.get("root")) or text(raw.get("root")),
        job=text(ours.get("job")),
    )


def _auto_epochs(raw: Mapping[str, Any]) -> AutoEpochs | None:
    tokens, least, most = (whole(raw.get(name)) for name in ("tokens", "least", "most"))
    return AutoEpochs(tokens, least, most) if tokens and least and most else None


def moment(value: Any) -> float | None:
    """Read a time in seconds, milliseconds or ISO 8601 as seconds since 1970."""
    seconds = number(value)
    if seconds is not None:
        return seconds / 1000 if seconds > _MILLISECONDS else seconds or None
    try:
        parsed = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()


def number(value: Any) -> float | None:
    """Read a finite number, also one written as text."""
    if isinstance(value, bool):
        return None
    try:
        read = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return read if math.isfinite(read) else None


def whole(value: Any) -> int | None:
    """Read a whole number that any database can hold."""
    read = number(value)
    return None if read is None or abs(read) > 2**53 else int(read)


def text(value: Any) -> str | None:
    """Read a text; empty is None, a number becomes text. What no database keeps (NUL, half a character) goes."""
    if value is None or isinstance(value, dict | list):
        return None
    return str(value).replace("\0", "").encode("utf-8", "replace").decode() or None


def finite(data: dict[str, Any]) -> dict[str, Any]:
    """Return `data` with NaN and infinities as None: no database keeps them as JSON."""
    return {str(k): None if isinstance(v, float) and not math.isfinite(v) else v for k, v in data.items()}


def _hyperparameters(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return what lies under `method`, completed by the older top-level place."""
    method = _dict(raw.get("method"))
    inner = _dict(_dict(method.get(text(method.get("type")) or "supervised")).get("hyperparameters"))
    return finite({k: v for k, v in (_dict(raw.get("hyperparameters")) | inner).items() if v is not None})


def _error(raw: Any) -> dict[str, Any] | None:
    """Return None for null, {} and a record of nulls: all three are seen on jobs that are well."""
    if isinstance(raw, str) and raw:
        return {"code": None, "message": raw, "param": None}
    told = {key: text(_dict(raw).get(key)) for key in ("code", "message", "param")}
    return told if any(told.values()) else None


def _file_id(raw: Any) -> str | None:
    return text(raw.get("id")) if isinstance(raw, dict) else text(raw)


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
