"""The model that is about to learn: made from the examples, loaded from a base, or taken up where the job stopped.

Decides whether all weights are tuned or an adapter beside them, and what happens when the job asks for the other kind
than its base is. Knows neither rates nor batches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from lib.engine.models.bases import FALLBACK_CONTEXT
from lib.engine.models.bases import facts as facts_on_disk
from lib.engine.training import adapters, lora, starter
from lib.engine.training.data import Record, format_of
from lib.engine.training.plan import Method
from lib.engine.training.report import Reporter, TrainingProblem
from lib.engine.training.spec import Spec
from lib.engine.training.text import ensure_chat_template
from lib.engine.training.tokenizer import train_tokenizer

Records = Sequence[tuple[int, Record]]


@dataclass(frozen=True)
class Student:
    """A model that is about to learn. `facts` is what its folder will tell about it, `context` the longest example."""

    model: Any
    tokenizer: Any
    method: Method
    context: int
    facts: dict[str, Any]


def enrol(spec: Spec, records: Records, report: Reporter, checkpoint: Path | None) -> Student:
    """Make the starter, load the base, or load where the job was when it was stopped."""
    torch.manual_seed(spec.seed)
    base = spec.base
    if base is None and checkpoint is None:
        _refuse_what_needs_weights(spec)
        tokenizer = train_tokenizer(starter.texts_of(records))
        model: Any = starter.make_model(tokenizer, spec.seed)
    else:
        tokenizer = adapters.load_tokenizer(checkpoint or base or spec.folder)
        model = _resume(checkpoint) if checkpoint else _load(spec, base or spec.folder, report)
    ensure_chat_template(tokenizer)
    tuned = hasattr(model, "peft_config")
    root = adapters.base_of(base) if tuned and base and adapters.is_adapter(base) else base
    longest = getattr(model.config.get_text_config(), "max_position_embeddings", None) or FALLBACK_CONTEXT
    return Student(
        model=model.to(adapters.device()),
        tokenizer=tokenizer,
        method=Method.LORA if tuned else Method.FULL if base else Method.SCRATCH,
        context=min(longest, spec.hyperparameters.context_length or longest),
        facts={"format": _format(spec, records), "base": str(root) if root else "starter"},
    )


def _refuse_what_needs_weights(spec: Spec) -> None:
    if spec.objective == "dpo":
        raise TrainingProblem(
            "starter has no weights that could prefer an answer: tune it on examples first, then go on from that "
            "model with preferences.",
            code="unsupported_value",
            param="method.type",
        )
    if spec.hyperparameters.lora:
        raise TrainingProblem(
            "starter has no weights for an adapter to sit on: leave out 'lora' or choose another model.",
            code="unsupported_value",
            param="hyperparameters.lora",
        )


def _format(spec: Spec, records: Records) -> str:
    """Return what the finished model speaks; preferences are chats."""
    kind = format_of(records)
    if (kind == "preference") != (spec.objective == "dpo"):
        need = "preferred answers" if spec.objective == "dpo" else '"messages", or "prompt" and "completion"'
        raise TrainingProblem(f"The method '{spec.objective}' needs examples with {need}.", param="training_file")
    return "chat" if kind == "preference" else kind


def _resume(folder: Path) -> Any:
    dtype = adapters.frozen_precision() if adapters.is_adapter(folder) else None
    return adapters.load_model(folder, trainable=True, dtype=dtype)


def _load(spec: Spec, base: Path, report: Reporter) -> Any:
    """Load the base of a job that begins, with an adapter if it is to have one."""
    asked, tuned = spec.hyperparameters, adapters.is_adapter(base)
    if not lora.wanted(asked, facts_on_disk(base).parameters or 0, tuned=tuned):
        if not tuned:
            return adapters.load_model(base, trainable=True)
        report.message("The base is an adapter: it is merged into its own base, and all weights are tuned.")
        return adapters.load_model(base, dtype=torch.float32).merge_and_unload().requires_grad_(True)
    if not tuned:
        return lora.adapt(adapters.load_model(base, dtype=adapters.frozen_precision()), asked)
    model = adapters.load_model(base, trainable=True, dtype=adapters.frozen_precision())
    if other := lora.differing(asked, model):
        report.message(f"The base's own adapter goes on as it is, so {', '.join(other)} can't be changed.", "warn")
    return model
