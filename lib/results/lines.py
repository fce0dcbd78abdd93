"""Metric tables -> the points of each curve, as they are drawn: smoothed, and thinned to what a screen can show.

A spike of one step survives the thinning; the tables themselves stay exact. Knows nothing of colours.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lib.i18n import N_, translate
from lib.results.columns import CLASSIFICATION

POINTS, ALL_POINTS = 2000, 4000
"""Points of one line, and of all lines together, that are sent to the screen."""
DOTS = 60
"""A line of so few measurements shows each of them."""
COLUMNS = ["step", "value", "raw", "job", "series", "dot"]

SERIES = {"train": N_("Training"), "valid": N_("Validation"), "full_valid": N_("Full validation")}
CLASSES = {
    "accuracy": N_("Accuracy"),
    "precision": N_("Precision"),
    "recall": N_("Recall"),
    "f1.0": "F1",
    "weighted_f1_score": N_("Weighted F1"),
    "auroc": "AUROC",
    "auprc": "AUPRC",
}


@dataclass(frozen=True)
class Line:
    """One curve: whose, of what, and its points (`step`, `raw`), all finite."""

    job: str
    series: str
    points: pd.DataFrame
    measured: bool = False
    """Measured now and then, as validation is: never smoothed, each point counts."""


def metric_lines(frames: Mapping[str, pd.DataFrame], metric: str) -> Iterator[Line]:
    """Yield the training and validation lines of "loss" or "accuracy" that hold any point."""
    for job, frame in frames.items():
        for part, title in SERIES.items():
            points = _points(frame, f"{part}_{metric}")
            if len(points):
                yield Line(job, translate(title), points, measured=part != "train")


def class_lines(frames: Mapping[str, pd.DataFrame]) -> Iterator[Line]:
    """Yield a line for each classification column that holds any point."""
    for job, frame in frames.items():
        for column in (name for name in frame.columns if name.startswith(CLASSIFICATION)):
            name = column.removeprefix(CLASSIFICATION)
            points = _points(frame, column)
            if len(points):
                yield Line(job, translate(CLASSES.get(name, name)), points, measured=True)


def screen_points(lines: Sequence[Line], smoothing: float, log: bool) -> pd.DataFrame:
    """Return the points of all lines in one long table; with `log`, without those a log scale can't hold."""
    limit = max(min(POINTS, ALL_POINTS // max(len(lines), 1)), 4)
    parts = [_prepared(line, smoothing, log, limit) for line in lines]
    return pd.concat(parts, ignore_index=True)[COLUMNS] if parts else pd.DataFrame(columns=COLUMNS)


def thin(values: NDArray[np.float64], limit: int) -> NDArray[np.intp]:
    """Return the places of at most `limit` (4 or more) values: first, last, and the low and high of each stretch."""
    count = len(values)
    if count <= limit:
        return np.arange(count)
    stretches = np.array_split(np.arange(count), limit // 2 - 1)
    extremes = [stretch[pick(values[stretch])] for stretch in stretches for pick in (np.argmin, np.argmax)]
    return np.unique([0, *extremes, count - 1])


def _points(frame: pd.DataFrame, column: str) -> pd.DataFrame:
    if column not in frame:
        return pd.DataFrame({"step": [], "raw": []}, dtype=float)
    points = pd.DataFrame({"step": frame["step"], "raw": frame[column]})
    return points[np.isfinite(points["raw"])]


def _prepared(line: Line, smoothing: float, log: bool, limit: int) -> pd.DataFrame:
    points = line.points.assign(value=line.points["raw"])
    if smoothing and not line.measured:
        points["value"] = points["raw"].ewm(alpha=1 - min(max(smoothing, 0.0), 0.99)).mean()
    if log:
        points = points[points["raw"] > 0]
    points = points.iloc[thin(points["raw"].to_numpy(), limit)]
    seen = len(points) == 1 or (line.measured and len(points) <= DOTS)
    return points.assign(job=line.job, series=line.series, dot=float(seen))
