"""A job's course beside its table: when each step was, how many tokens it took, where epochs end and checkpoints lie.

All of it may be unknown, as it is for an uploaded file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Axis = Literal["step", "tokens", "time"]
Place = Callable[[Floats], Floats]
"""Steps -> places on the axis: steps, tokens, or minutes since the start."""
MINUTE = 60
MOST_EPOCHS = 30
"""With more, their marks would hide the curve."""


@dataclass(frozen=True)
class Checkpoint:
    """A model kept on the way. `model` is what to ask it by, "" if that is not known."""

    step: int
    model: str = ""


@dataclass(frozen=True)
class Course:
    """What is known of a job beside its metrics."""

    epochs: float | None = None
    total_steps: float | None = None
    """Steps of the whole training; None takes the last one in the table."""
    tokens: int | None = None
    """Tokens trained by the last step."""
    seconds: float | None = None
    """From the start to the last step."""
    times: Mapping[float, float] = field(default_factory=dict)
    """Step -> seconds since 1970, as far as its events tell."""
    checkpoints: tuple[Checkpoint, ...] = ()


def place(frame: pd.DataFrame, course: Course, axis: Axis) -> Place | None:
    """Return where steps lie on an axis, or None if that is not known of this job.

    Tokens and time are those that were told for single steps, else spread evenly: see `spread_evenly`.
    """
    if axis == "step":
        return lambda steps: steps
    known = _tokens(frame, course) if axis == "tokens" else _minutes(frame, course)
    if known is None or len(known[0]) < 1:
        return None
    steps, values = known
    return lambda wanted: np.interp(wanted, steps, values)


def spread_evenly(frame: pd.DataFrame, course: Course, axis: Axis) -> bool:
    """Say whether places on this axis are no measurements: only the end is known, and each step took its share."""
    if axis == "tokens":
        return not _has_tokens(frame)
    return axis == "time" and not _has_times(course)


def epoch_ends(frame: pd.DataFrame, course: Course) -> list[tuple[int, float]]:
    """Return (epoch, step at which it ends) for each that the table reaches: by its own column, else by division."""
    if frame.empty:
        return []
    last = float(frame["step"].iloc[-1])
    if "epoch" in frame and frame["epoch"].notna().any():
        ends = frame.dropna(subset=["epoch"]).groupby(np.ceil(frame["epoch"]).astype("Int64"))["step"].max()
        found = [(int(epoch), float(step)) for epoch, step in ends.items() if epoch > 0]
    elif course.epochs and course.epochs >= 1:
        total = course.total_steps or last
        found = [(epoch, total * epoch / course.epochs) for epoch in range(1, int(min(course.epochs, 1000)) + 1)]
    else:
        return []
    return [(epoch, step) for epoch, step in found if step <= last] if len(found) <= MOST_EPOCHS else []


def _tokens(frame: pd.DataFrame, course: Course) -> tuple[Floats, Floats] | None:
    if _has_tokens(frame):
        return _pairs(frame["step"], frame["elapsed_tokens"])
    return _evenly(frame, course.tokens)


def _minutes(frame: pd.DataFrame, course: Course) -> tuple[Floats, Floats] | None:
    if not _has_times(course):
        return _evenly(frame, None if course.seconds is None else course.seconds / MINUTE)
    told = pd.Series(course.times).sort_index()
    steps, minutes = _pairs(told.index.to_series(), (told - told.min()) / MINUTE)
    return steps, np.maximum.accumulate(minutes)  # events that were told late never turn time back


def _has_tokens(frame: pd.DataFrame) -> bool:
    return "elapsed_tokens" in frame and bool(np.isfinite(frame["elapsed_tokens"]).any())


def _has_times(course: Course) -> bool:
    """Say whether events tell the time of more than one moment: one page of them may come in the same second."""
    return len(set(course.times.values())) > 1


def _evenly(frame: pd.DataFrame, end: float | None) -> tuple[Floats, Floats] | None:
    if end is None or end <= 0 or frame.empty or frame["step"].iloc[-1] <= 0:
        return None
    return np.array([0.0, float(frame["step"].iloc[-1])]), np.array([0.0, float(end)])


def _pairs(steps: pd.Series[float], values: pd.Series[float]) -> tuple[Floats, Floats]:
    finite = np.isfinite(values.to_numpy(dtype=float))
    return steps.to_numpy(dtype=float)[finite], values.to_numpy(dtype=float)[finite]
