"""What the curves say, in plain sentences: how far the job got, what went wrong, and what to do about it.

Each rule looks at one thing and returns a `Note` or nothing. Rules speak only when the numbers are clear: noise of
single steps is averaged away first. Knows nothing of the data that was trained on.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pandas as pd

from lib.datasets.table import Note
from lib.i18n import N_
from lib.results.metrics import remarks

FEW_STEPS = 30
"""With fewer, a curve is too short to tell learning from chance."""
RISE = 1.05
"""Validation loss this many times its lowest value has risen; below, it wavers."""
WAVER = 1.5
"""Training loss this many times its lowest average has left its course; below, it is the noise of small batches."""
FALL = 0.95
"""Training loss that ends above this share of where it began has hardly moved."""
WINDOW = 10
"""A curve is averaged over a tenth of its steps."""

NOTHING = N_("There are no steps yet.")
BROKEN = N_(
    "Training loss is not a number from step {step} on: the learning rate is too high. "
    "Train again with a lower learning rate multiplier."
)
DIVERGING = N_(
    "Training loss rises from {low} at step {step} to {last}: the learning rate is too high. "
    "Train again with a lower learning rate multiplier."
)
MEMORISING = N_(
    "Validation loss rises from step {step} while training loss falls: the model is memorising. Use fewer epochs."
)
TOO_FEW = N_("Only {n} steps: too few to learn much from. Use more examples, more epochs or a smaller batch.")
STILL = N_(
    "Training loss hardly moved, from {first} to {last}. "
    "Use more epochs or a higher learning rate multiplier, and check that the examples say what you mean."
)
STEADY = N_("Nothing looks wrong: the loss went down without leaving its course.")
TRAINED = N_("Training loss went from {first} to {last} in {n} steps.")
ACCURACY = N_("At the end {percent}% of the tokens it was trained on were predicted right.")
BEST = N_("Validation loss is lowest at step {step}: {loss}.")
BEST_AVERAGE = N_("Validation loss, averaged over neighbouring steps, is lowest around step {step}: {loss}.")
VALID_ACCURACY = N_("At the end {percent}% of the tokens of the validation examples were predicted right.")

Rule = Callable[[pd.DataFrame], Note | None]


def summarise(frame: pd.DataFrame) -> list[str]:
    """Return sentences in the reader's language: what is wrong, what was reached, what was assumed. Never empty."""
    return [note.text() for note in [*findings(frame), *remarks(frame)]]


def findings(frame: pd.DataFrame) -> list[Note]:
    """Return what the curves say, the most important first."""
    if frame.empty:
        return [Note(NOTHING)]
    wrong = _said(WARNINGS, frame)
    return [*wrong, *([] if wrong else calm(frame)), *facts(frame)]


def calm(frame: pd.DataFrame) -> list[Note]:
    """Return that all is well, for a table of which nothing else was said; with one step that can't be told."""
    return [Note(STEADY)] if len(smoothed(frame, "train_loss")) > 1 else []


def facts(frame: pd.DataFrame) -> list[Note]:
    """Return what was reached, without judging it."""
    return [Note(NOTHING)] if frame.empty else _said(FACTS, frame)


def smoothed(frame: pd.DataFrame, column: str) -> pd.Series[float]:
    """Return a column's finite values by step, each averaged with its neighbours over a tenth of the curve."""
    values = frame.set_index("step")[column]
    values = values[np.isfinite(values)]
    return values.rolling(_window(len(values)), min_periods=1, center=True).mean()


def _window(count: int) -> int:
    return max(count // WINDOW, 1)


def broken(frame: pd.DataFrame) -> Note | None:
    step = frame.attrs.get("nan_step")
    losses = frame.loc[np.isfinite(frame["train_loss"]), "step"]
    if step is None or (len(losses) and losses.iloc[-1] > step):
        return None
    return Note(BROKEN, {"step": _plain(step)})


def diverging(frame: pd.DataFrame) -> Note | None:
    loss = smoothed(frame, "train_loss")
    if len(loss) < 5 or loss.iloc[-1] < WAVER * loss.min() or 2 * loss.iloc[-1] < loss.iloc[0] + loss.min():
        return None  # less than half of what had been gained is lost again
    return Note(DIVERGING, {"low": _short(loss.min()), "step": _plain(loss.idxmin()), "last": _short(loss.iloc[-1])})


def memorising(frame: pd.DataFrame) -> Note | None:
    valid, train = validation(frame), smoothed(frame, "train_loss")
    if len(valid) < 3:
        return None
    best = valid.idxmin()
    after, learning = valid[valid.index > best], train[train.index >= best]
    if len(after) < 2 or after.iloc[-2:].mean() < max(RISE * valid.min(), valid.min() + noise(frame)):
        return None
    if len(learning) < 2:
        return None
    return Note(MEMORISING, {"step": _plain(best)}) if learning.iloc[-1] < learning.iloc[0] else None


def too_few(frame: pd.DataFrame) -> Note | None:
    last = frame["step"].iloc[-1]
    total = frame["total_steps"].max() if "total_steps" in frame else last
    return Note(TOO_FEW, {"n": _plain(last)}) if last < FEW_STEPS and not last < total else None


def still(frame: pd.DataFrame) -> Note | None:
    loss = smoothed(frame, "train_loss")
    if len(loss) < FEW_STEPS or diverging(frame) or loss.iloc[-1] <= FALL * loss.iloc[0]:
        return None
    return Note(STILL, {"first": _short(loss.iloc[0]), "last": _short(loss.iloc[-1])})


def trained(frame: pd.DataFrame) -> Note | None:
    loss = smoothed(frame, "train_loss")
    if loss.empty:
        return None
    steps = _plain(frame["step"].iloc[-1])
    return Note(TRAINED, {"first": _short(loss.iloc[0]), "last": _short(loss.iloc[-1]), "n": steps})


def best(frame: pd.DataFrame) -> Note | None:
    loss = validation(frame)
    if loss.empty:
        return None
    template = BEST if _window(len(loss)) == 1 else BEST_AVERAGE
    return Note(template, {"step": _plain(loss.idxmin()), "loss": _short(loss.min())})


def accuracy(frame: pd.DataFrame) -> Note | None:
    return _share(ACCURACY, smoothed(frame, "train_accuracy"))


def valid_accuracy(frame: pd.DataFrame) -> Note | None:
    full = frame["full_valid_accuracy"].dropna()
    return _share(VALID_ACCURACY, full if len(full) else smoothed(frame, "valid_accuracy"))


def validation(frame: pd.DataFrame) -> pd.Series[float]:
    """Return validation loss by step: over the whole file where it was measured so, else over batches, averaged."""
    full = smoothed(frame, "full_valid_loss")
    return full if len(full) > 2 else smoothed(frame, "valid_loss")


def noise(frame: pd.DataFrame) -> float:
    """Return how far apart two averages of validation loss lie by chance: six standard errors.

    Batches of a few validation examples differ without the model getting worse. The lowest of many averages lies two
    standard errors too low by chance; the last one, averaged over half a window, may lie four too high. Four let
    made-up noise through in 3 of 20 curves, six in none; real jobs may need another factor.
    """
    column = "full_valid_loss" if len(smoothed(frame, "full_valid_loss")) > 2 else "valid_loss"
    raw = frame.set_index("step")[column]
    raw = raw[np.isfinite(raw)]
    around = raw - smoothed(frame, column)
    return float(6 * around.std(ddof=0) / math.sqrt(_window(len(raw)))) if len(raw) else 0.0


WARNINGS: list[Rule] = [broken, diverging, memorising, still, too_few]
FACTS: list[Rule] = [trained, accuracy, best, valid_accuracy]


def _said(rules: list[Rule], frame: pd.DataFrame) -> list[Note]:
    return [note for rule in rules if (note := rule(frame)) is not None]


def _share(template: str, values: pd.Series[float]) -> Note | None:
    return Note(template, {"percent": _short(100 * values.iloc[-1])}) if len(values) else None


def _plain(step: float) -> str:
    return f"{step:.15g}"


def _short(value: float) -> str:
    return f"{value:.3g}"
