"""What services call the same metric, and the one name it has here. The first alias that a table holds wins."""

from __future__ import annotations

from collections.abc import Iterable

ALIASES: dict[str, tuple[str, ...]] = {
    "step": ("step", "steps", "step_number", "global_step", "train/global_step"),
    "train_loss": ("train_loss", "training_loss", "train/loss", "loss", "ev_loss"),
    "train_accuracy": (
        "train_accuracy",
        "train_mean_token_accuracy",
        "training_token_accuracy",
        "train/mean_token_accuracy",
        "mean_token_accuracy",
    ),
    "valid_loss": ("valid_loss", "validation_loss", "eval_loss", "eval/loss", "val_loss", "ev_eval_loss"),
    "valid_accuracy": (
        "valid_accuracy",
        "valid_mean_token_accuracy",
        "validation_mean_token_accuracy",
        "validation_token_accuracy",
        "eval_mean_token_accuracy",
        "eval/mean_token_accuracy",
    ),
    "full_valid_loss": ("full_valid_loss", "full_validation_loss"),
    "full_valid_accuracy": (
        "full_valid_accuracy",
        "full_valid_mean_token_accuracy",
        "full_validation_mean_token_accuracy",
    ),
}
METRICS = tuple(ALIASES)
"""Columns that every metric table has, in this order, filled or not."""
CLASSIFICATION = "classification/"
"""What the names of the first API's classification columns start with."""


def canonical(header: Iterable[str]) -> list[str]:
    """Return one name for each column of a header: ours where we know it, else its own; all differ."""
    names = list(header)
    folded = [name.casefold() for name in names]
    renamed = {}
    for metric, aliases in ALIASES.items():
        found = next((alias for alias in aliases if alias in folded), None)
        if found is not None:
            renamed[folded.index(found)] = metric
    return _distinct(renamed.get(at, name or f"column {at + 1}") for at, name in enumerate(names))


def is_metric(name: str) -> bool:
    """Say whether a column, by its name here, is one that only a table of training metrics has."""
    return (name in METRICS and name != "step") or name.startswith(CLASSIFICATION) or name.endswith("_reward")


def _distinct(names: Iterable[str]) -> list[str]:
    """Return the names, with ` (2)`, ` (3)` and so on after those that come again."""
    seen: dict[str, int] = {}
    result = []
    for name in names:
        chosen = name
        while chosen in seen:
            seen[name] += 1
            chosen = f"{name} ({seen[name]})"
        seen[chosen] = 1
        result.append(chosen)
    return result
