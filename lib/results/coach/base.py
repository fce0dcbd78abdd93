"""What a rule of the coach is given, and what it says."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from lib.datasets.recipe import COMPLETION, Recipe
from lib.datasets.table import Note
from lib.results.course import Checkpoint, Course

MOST_EPOCHS = 50
"""More can't be asked for on the Train page."""
LEAST_RATE, MOST_RATE = 0.01, 20.0


@dataclass(frozen=True)
class Action:
    """What to do about it: the words on a button, and either what to change in the next launch or a model to ask.

    `changes` has the fields of `lib.jobs.launch.LaunchSpec`.
    """

    label: Note
    changes: dict[str, Any] = field(default_factory=dict)
    model: str = ""


@dataclass(frozen=True)
class Finding:
    """What happened, the numbers that show it, and what can be done, the best first."""

    code: str
    what: Note
    evidence: list[Note]
    actions: list[Action] = field(default_factory=list)


@dataclass(frozen=True)
class Case:
    """A job as the rules see it. Settings that are unknown, as of an uploaded file, are None."""

    frame: pd.DataFrame
    course: Course = field(default_factory=Course)
    ended: bool = True
    """Whether there will be no more steps; some things can only be said then."""
    rate: float | None = None
    """Learning rate multiplier."""
    validation_fraction: float | None = None
    recipe: Recipe | None = None

    @property
    def epochs(self) -> int | None:
        """Return the whole number of epochs that were trained, if it is known."""
        return round(self.course.epochs) if self.course.epochs else None

    @property
    def last_step(self) -> float:
        """Return the last step there are numbers of."""
        return float(self.frame["step"].iloc[-1])

    @property
    def unmarked(self) -> bool:
        """Say whether answers were trained with nothing at their end; chat formats end theirs by themselves."""
        return self.recipe is not None and self.recipe.format == COMPLETION and not self.recipe.stop

    def nearest(self, step: float) -> Checkpoint | None:
        """Return the checkpoint closest to a step that can be asked, if it is not the end of training itself."""
        known = [point for point in self.course.checkpoints if point.model and point.step < self.last_step]
        return min(known, key=lambda point: abs(point.step - step), default=None)


Rule = Callable[[Case], Finding | None]
Values = dict[str, str | int | float]
"""What fills the fields of a sentence."""


def finite(frame: pd.DataFrame, column: str) -> pd.Series[float]:
    """Return a column's finite values by step."""
    values = frame.set_index("step")[column]
    return values[np.isfinite(values)]


def jitter(values: pd.Series[float]) -> float:
    """Return the standard deviation of single measurements about their course, from neighbours' differences.

    The median of the differences' distances, times 1.4826, is the standard deviation of a normal distribution and
    is not moved by a few outliers; a difference of two has the square root of two times that of one.
    """
    steps = np.diff(values.to_numpy(dtype=float))
    if len(steps) < 2:
        return math.inf
    return float(1.4826 * np.median(np.abs(steps - np.median(steps))) / math.sqrt(2))


def short(value: float) -> str:
    """Return a number with three digits that count."""
    return f"{value:.3g}"


def plain(step: float) -> str:
    """Return a step as it is."""
    return f"{step:.15g}"
