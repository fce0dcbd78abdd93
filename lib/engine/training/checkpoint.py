"""Checkpoints: plain model folders that a killed job resumes from, and the finished model.

Promises that a folder is either complete or not there (written beside, flushed to disk, renamed), that the state for
an exact resume lies in the newest checkpoint, and that the best and the last three are kept. Knows nothing about how
training works: the state is whatever the loop hands over.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

STATE = "state.pt"
KEPT = 3


@dataclass
class Progress:
    """How far a job has come. Order of data and learning rate follow from `step` alone."""

    step: int = 0
    tokens: int = 0
    seconds: float = 0.0
    best_loss: float | None = None
    best_step: int = 0


@dataclass(frozen=True)
class Resumed:
    """What the newest checkpoint holds besides the weights in its folder."""

    folder: Path
    progress: Progress
    optimizers: list[dict[str, Any]]
    random: torch.Tensor


def write_folder(target: Path, fill: Callable[[Path], None]) -> None:
    """Make a folder appear complete or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.partial")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    fill(temporary)
    for path in [*temporary.rglob("*"), temporary]:
        _sync(path)
    shutil.rmtree(target, ignore_errors=True)
    temporary.rename(target)
    _sync(target.parent)


def _sync(path: Path) -> None:
    if os.name == "nt" and path.is_dir():
        return  # Windows cannot open a folder; its rename needs no flush
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def save_model(folder: Path, model: Any, tokenizer: Any, facts: dict[str, Any]) -> None:
    """Write a model as a plain Hugging Face folder, with our facts about it in `tuneboard.json`."""
    model.save_pretrained(folder, safe_serialization=True)
    tokenizer.save_pretrained(folder)
    (folder / "tuneboard.json").write_text(json.dumps(facts, ensure_ascii=False), encoding="utf-8")


def save(
    root: Path, progress: Progress, optimizers: list[torch.optim.Optimizer], save_to: Callable[[Path], None]
) -> Path:
    """Write the checkpoint of this step and forget what is no longer needed; return its folder."""
    target = root / f"step-{progress.step}"
    state = {
        "progress": asdict(progress),
        "optimizers": [optimizer.state_dict() for optimizer in optimizers],
        "random": torch.get_rng_state(),
    }

    def fill(folder: Path) -> None:
        save_to(folder)
        torch.save(state, folder / STATE)

    write_folder(target, fill)
    _prune(root, progress.best_step)
    return target


def _steps(root: Path) -> list[Path]:
    return sorted(root.glob("step-*"), key=lambda path: int(path.name.removeprefix("step-")))


def _prune(root: Path, best_step: int) -> None:
    *older, _newest = _steps(root)
    for path in older:
        (path / STATE).unlink(missing_ok=True)
    for path in older[: -(KEPT - 1)]:
        if path != root / f"step-{best_step}":
            shutil.rmtree(path)


def newest(root: Path) -> Resumed | None:
    """Return the newest checkpoint that holds a state, or None for a job that begins."""
    for folder in reversed(_steps(root)):
        if (folder / STATE).exists():
            state = torch.load(folder / STATE, weights_only=True)
            return Resumed(folder, Progress(**state["progress"]), state["optimizers"], state["random"])
    return None


def publish(checkpoint: Path, output: Path) -> None:
    """Copy a checkpoint's model to the place of the finished one."""

    def fill(folder: Path) -> None:
        shutil.copytree(checkpoint, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(STATE))

    write_folder(output, fill)
