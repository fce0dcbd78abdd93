"""Checkpoints and resume points: plain model folders that a stopped job goes on from, and the finished model.

A checkpoint ends an epoch, is told to the engine and may be asked; a resume point lies between, for this job alone.
Promises that a folder is either complete or not there, whenever the power goes (see `folders`); that exactly one of
them, the newest, holds the state for an exact resume; and that the best checkpoint and the last three are kept. Knows
nothing about how training works: the state is whatever the loop hands over.
"""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from lib.engine.training.folders import remove_folder, write_folder

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
    stale: int = 0
    """How many evaluations have passed since the best one."""


@dataclass(frozen=True)
class Resumed:
    """What the newest folder holds besides the weights in it. `metrics` are those of a checkpoint's step."""

    folder: Path
    progress: Progress
    optimizers: list[dict[str, Any]]
    chance: dict[str, Any]
    metrics: dict[str, Any] | None


def save_model(folder: Path, model: Any, tokenizer: Any, facts: dict[str, Any]) -> None:
    """Write a model as a plain Hugging Face folder, with our facts about it in `tuneboard.json`."""
    # An adapter's new tokens are among its weights; loading makes the other embeddings anew (see `adapters`).
    adapter = {"save_embedding_layers": False} if hasattr(model, "peft_config") else {}
    model.save_pretrained(folder, safe_serialization=True, **adapter)
    tokenizer.save_pretrained(folder)
    (folder / "tuneboard.json").write_text(json.dumps(facts, ensure_ascii=False), encoding="utf-8")


def save(
    root: Path,
    progress: Progress,
    optimizers: Sequence[torch.optim.Optimizer],
    save_to: Callable[[Path], None],
    metrics: dict[str, Any] | None = None,
) -> Path:
    """Write the checkpoint of this step, or without `metrics` its resume point; forget what is no longer needed.

    Return its folder. Raises OSError; what lay there before is then as it was.
    """
    target = root / f"{'resume' if metrics is None else 'step'}-{progress.step}"
    state = {
        "progress": asdict(progress),
        "optimizers": [optimizer.state_dict() for optimizer in optimizers],
        "chance": chance(),
        "metrics": metrics,
    }

    def fill(folder: Path) -> None:
        save_to(folder)
        torch.save(state, folder / STATE)

    write_folder(target, fill)
    _prune(root, target, progress.best_step)
    return target


def chance() -> dict[str, Any]:
    """Return the state of every source of random numbers that training may draw from."""
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    return {"torch": torch.get_rng_state(), "cuda": cuda, "python": random.getstate()}


def set_chance(state: dict[str, Any]) -> None:
    """Go on drawing random numbers from where `chance` was asked; on as many GPUs as there are now."""
    torch.set_rng_state(state["torch"])
    for device, one in zip(range(torch.cuda.device_count()), state["cuda"], strict=False):
        torch.cuda.set_rng_state(one, device)
    random.setstate(state["python"])


def _numbered(root: Path, kind: str) -> list[Path]:
    return sorted(root.glob(f"{kind}-*"), key=_step)


def _step(folder: Path) -> int:
    return int(folder.name.partition("-")[2])


def _prune(root: Path, newest: Path, best_step: int) -> None:
    for path in _numbered(root, "resume"):
        if path != newest:
            remove_folder(path)
    steps = _numbered(root, "step")
    for path in steps:
        if path != newest:
            (path / STATE).unlink(missing_ok=True)
    for path in steps[:-KEPT]:
        if path != root / f"step-{best_step}":
            remove_folder(path)


def newest(root: Path) -> Resumed | None:
    """Return the newest folder that holds a state, or None for a job that begins."""
    folders = [*_numbered(root, "resume"), *_numbered(root, "step")]
    for folder in sorted(folders, key=_step, reverse=True):
        if (folder / STATE).exists():
            state = torch.load(folder / STATE, weights_only=True, map_location="cpu")
            progress = Progress(**state["progress"])
            return Resumed(folder, progress, state["optimizers"], state["chance"], state["metrics"])
    return None


def publish(checkpoint: Path, output: Path) -> None:
    """Copy a checkpoint's model to the place of the finished one."""

    def fill(folder: Path) -> None:
        shutil.copytree(checkpoint, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(STATE))

    write_folder(output, fill)


def forget_states(root: Path) -> None:
    """Drop what only a job that goes on needs; its checkpoints stay."""
    for path in _numbered(root, "resume"):
        remove_folder(path)
    for path in _numbered(root, "step"):
        (path / STATE).unlink(missing_ok=True)
