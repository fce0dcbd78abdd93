"""What one training job is asked to do, read from `spec.json` in its folder.

Knows no library for learning: reading a spec costs nothing, so a wrong one is refused before torch is loaded.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lib.engine.training.report import TrainingProblem


@dataclass(frozen=True)
class Hyperparameters:
    """The three knobs of OpenAI's protocol; `None` is its "auto"."""

    n_epochs: int | None = None
    batch_size: int | None = None
    learning_rate_multiplier: float | None = None


@dataclass(frozen=True)
class Spec:
    """One job. `base` is the folder of the model to tune, or `None` for a model made from the examples alone."""

    folder: Path
    base: Path | None
    training_file: Path
    validation_file: Path | None
    output: Path
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


def _number(value: Any) -> Any:
    return None if value in (None, "auto") else value


def read_spec(folder: Path) -> Spec:
    """Read the spec of the job in `folder`."""
    raw = json.loads((folder / "spec.json").read_text(encoding="utf-8"))
    knobs = raw.get("hyperparameters") or {}
    base = raw["base"]
    if base["kind"] not in ("starter", "folder"):
        raise TrainingProblem(f"Unknown kind of base model: {base['kind']!r}.", code="model_not_found", param="model")
    return Spec(
        folder=folder,
        base=None if base["kind"] == "starter" else Path(base["path"]),
        training_file=Path(raw["training_file"]),
        validation_file=Path(raw["validation_file"]) if raw.get("validation_file") else None,
        output=Path(raw["output"]),
        hyperparameters=Hyperparameters(
            n_epochs=_number(knobs.get("n_epochs")),
            batch_size=_number(knobs.get("batch_size")),
            learning_rate_multiplier=_number(knobs.get("learning_rate_multiplier")),
        ),
        seed=int(raw.get("seed") or 0),
    )
