"""Together's protocol: jobs at `/fine-tunes` with flat fields and words of their own; files are nearly OpenAI's.

Source: docs.together.ai/reference (November 2026) and the types of the vendor's package, together 3.1.1.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lib.providers import normalise
from lib.providers.normalise import CheckpointSnapshot, EventSnapshot, JobSnapshot
from lib.providers.provider import Provider
from lib.providers.request import JobRequest
from lib.providers.wire import Raw, Wire

STATUSES = {
    "pending": "queued",
    "compressing": "running",
    "uploading": "running",
    "cancel_requested": "cancelling",
    "completed": "succeeded",
    "error": "failed",
    "user_error": "failed",
}
"""Their words -> ours; `queued`, `running` and `cancelled` are the same."""
HYPERPARAMETERS = ("n_epochs", "batch_size", "learning_rate")
LARGEST_BATCH = "max"
EVALUATIONS = 10
"""How often the validation file is read in a job, which costs its tokens each time; without a number it never is."""
LEVELS = {"legacy_info": "info", "legacy_iwarning": "warn", "legacy_ierror": "error", "warning": "warn"}
STEP = "train/global_step"


def upload_fields(name: str) -> dict[str, str]:
    """Return what an upload says besides: the name is asked for apart from the file's own."""
    return {"file_name": name, "file_type": "jsonl"}


def body(request: JobRequest, provider: Provider, extra: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a create request."""
    knobs = request.knobs(provider)
    made: dict[str, Any] = {
        "model": request.model,
        "training_file": request.training_file,
        "batch_size": LARGEST_BATCH,
        "training_method": {"method": "sft", "train_on_inputs": "auto"},
        **{name: knobs[name] for name in HYPERPARAMETERS if name in knobs},
    }
    if request.method == "dpo":
        beta = {"dpo_beta": knobs["beta"]} if "beta" in knobs else {}
        made["training_method"] = {"method": "dpo"} | beta
    if request.validation_file:
        made |= {"validation_file": request.validation_file, "n_evals": EVALUATIONS}
    if request.suffix:
        made["suffix"] = request.suffix[: provider.suffix_limit]
    if request.seed is not None:
        made["random_seed"] = request.seed
    return {**made, **provider.extra, **extra}


def job(raw: Raw) -> JobSnapshot:
    """Read a job. The model's name is there from the beginning, but nothing bears it before the job has ended well."""
    status = (normalise.text(raw.get("status")) or "unknown").lower()
    status = STATUSES.get(status, status)
    told = {name: raw[name] for name in HYPERPARAMETERS if raw.get(name) is not None}
    ended = status in {"succeeded", "failed", "cancelled"}
    return replace(
        normalise.job({**raw, "hyperparameters": told, "trained_tokens": raw.get("token_count")}),
        status=status,
        finished_at=normalise.moment(raw.get("updated_at")) if ended else None,
        tuned_model=normalise.text(raw.get("model_output_name")) if status == "succeeded" else None,
    )


def event(raw: Raw) -> EventSnapshot:
    """Read an event. It has no id, so what it says is its id; `type` says what happened, and is kept as data."""
    kind = normalise.text(raw.get("type")) or ""
    level = (normalise.text(raw.get("level")) or "info").lower()
    if kind == "job_error":
        level = "error"
    numbers = {name: raw[name] for name in ("step", "total_steps", "token_count") if raw.get(name)}
    read = normalise.event({**raw, "type": "message", "level": LEVELS.get(level, level), "data": numbers})
    return replace(read, data=read.data | {"kind": kind})


def checkpoint(raw: Raw) -> CheckpointSnapshot:
    """Read a checkpoint: it has a place in their registry of models, or just a path."""
    step = normalise.whole(raw.get("step"))
    named = {"id": raw.get("object_id") or f"{raw.get('checkpoint_type')}-{step}", "step_number": step}
    model = raw.get("object_name") or raw.get("path")
    return normalise.checkpoint({**named, "fine_tuned_model_checkpoint": model, "created_at": raw.get("created_at")})


def metrics(answer: Raw) -> bytes:
    """Return one record a line: steps of training and evaluations come apart, each with names of its own."""
    told = answer.get("metrics")
    records = [record for record in told if isinstance(record, dict)] if isinstance(told, list) else []
    return b"".join(json.dumps(record).encode() + b"\n" for record in map(_with_step, records))


def _with_step(record: dict[str, Any]) -> dict[str, Any]:
    step = record.get(STEP, record.get("eval/global_step"))
    return {"step": step} | {k: v for k, v in record.items() if not k.endswith(("global_step", "timestamp"))}


TOGETHER = Wire(
    jobs="fine-tunes",
    upload="files/upload",
    metadata=False,
    upload_fields=upload_fields,
    body=body,
    job=job,
    event=event,
    checkpoint=checkpoint,
    metrics=metrics,
)
