"""What one training job is asked to do, read from `spec.json` in its folder.

Knows no library for learning: reading a spec costs nothing, so a wrong one is refused before torch is loaded.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from lib.engine.training.report import TrainingProblem

Objective = Literal["supervised", "dpo"]


@dataclass(frozen=True)
class Hyperparameters:
    """The knobs of a job; `None` is OpenAI's "auto". What each one comes to then is in `plan`.

    The first three are OpenAI's, `beta` is its fourth for preferences; the others have the names that other services
    and libraries use.
    """

    n_epochs: int | None = None
    batch_size: int | None = None
    learning_rate_multiplier: float | None = None
    beta: float | None = None
    lora: bool | None = None
    lora_r: int | None = None
    lora_alpha: float | None = None
    lora_dropout: float | None = None
    lora_target_modules: tuple[str, ...] | None = None
    warmup_ratio: float | None = None
    lr_scheduler: Literal["cosine", "linear", "constant"] | None = None
    weight_decay: float | None = None
    max_grad_norm: float | None = None
    packing: bool | None = None
    context_length: int | None = None
    early_stopping_patience: int | None = None
    gradient_checkpointing: bool | None = None
    gradient_accumulation_steps: int | None = None


@dataclass(frozen=True)
class Spec:
    """One job. `base` is the folder of the model to tune, or `None` for a model made from the examples alone.

    `hub` is the id of the model that has to be downloaded to that folder, if it is not there.
    """

    folder: Path
    base: Path | None
    hub: str | None
    training_file: Path
    validation_file: Path | None
    output: Path
    objective: Objective
    hyperparameters: Hyperparameters
    seed: int

    @property
    def events(self) -> Path:
        """File of event lines."""
        return self.folder / "events.jsonl"

    @property
    def checkpoints(self) -> Path:
        """Folder of the states that a killed job resumes from."""
        return self.folder / "checkpoints"


def read_spec(folder: Path) -> Spec:
    """Read the spec of the job in `folder`; raise `TrainingProblem` if it asks for what does not exist."""
    raw = json.loads((folder / "spec.json").read_text(encoding="utf-8"))
    base, objective = raw["base"], raw.get("method") or "supervised"
    if base["kind"] not in ("starter", "folder"):
        raise TrainingProblem(f"Unknown kind of base model: {base['kind']!r}.", code="model_not_found", param="model")
    if objective not in ("supervised", "dpo"):
        raise TrainingProblem(f"Unknown method: {objective!r}.", code="unsupported_value", param="method.type")
    return Spec(
        folder=folder,
        base=None if base["kind"] == "starter" else Path(base["path"]),
        hub=base.get("hub"),
        training_file=Path(raw["training_file"]),
        validation_file=Path(raw["validation_file"]) if raw.get("validation_file") else None,
        output=Path(raw["output"]),
        objective="dpo" if objective == "dpo" else "supervised",
        hyperparameters=read_hyperparameters(raw.get("hyperparameters") or {}),
        seed=int(raw.get("seed") or 0),
    )


def read_hyperparameters(raw: dict[str, Any]) -> Hyperparameters:
    """Read the knobs. The wire has checked them; what is nonsense here all the same is refused by name."""
    knobs: dict[str, Any] = {}
    for name, value in raw.items():
        if name not in _FITS:
            raise _problem(f"There is no hyperparameter '{name}'.", name)
        if value is None or value == "auto":
            continue
        if not _FITS[name](value):
            raise _problem(f"The hyperparameter '{name}' can't be {value!r}.", name)
        knobs[name] = tuple(value) if isinstance(value, list) else value
    return Hyperparameters(**knobs)


def _problem(message: str, name: str) -> TrainingProblem:
    return TrainingProblem(message, code="invalid_hyperparameters", param=f"hyperparameters.{name}")


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < float("inf")


def _above_zero(value: object) -> bool:
    return _number(value) and value != 0


def _share(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1


def _switch(value: object) -> bool:
    return isinstance(value, bool)


def _names(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(name, str) for name in value)


_FITS: dict[str, Callable[[Any], bool]] = {
    "n_epochs": _whole,
    "batch_size": _whole,
    "learning_rate_multiplier": _above_zero,
    "beta": _above_zero,
    "lora": _switch,
    "lora_r": _whole,
    "lora_alpha": _above_zero,
    "lora_dropout": _share,
    "lora_target_modules": _names,
    "warmup_ratio": _share,
    "lr_scheduler": ("cosine", "linear", "constant").__contains__,
    "weight_decay": _number,
    "max_grad_norm": _above_zero,
    "packing": _switch,
    "context_length": _whole,
    "early_stopping_patience": _whole,
    "gradient_checkpointing": _switch,
    "gradient_accumulation_steps": _whole,
}
