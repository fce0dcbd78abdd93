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
from lib.results.course import Place

POINTS, ALL_POINTS = 2000, 4000
"""Points of one line, and of all lines together, that are sent to the screen."""
DOTS = 60
"""A line of so few measurements shows each of them."""
COLUMNS = ["x", "step", "value", "raw", "job", "series", "dot"]
OUTLIERS = 0.01
"""Share of a curve's values at either end that may lie outside a clipped chart."""
MARGIN = 0.05

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


def placed(lines: Sequence[Line], places: Mapping[str, Place], smoothing: float, log: bool) -> list[pd.DataFrame]:
    """Return all points of each line in `COLUMNS`; with `log`, without those a log scale can't hold.

    Args:
        lines: what is drawn; a line of a job that has no place is left out.
        places: job -> where its steps lie on the axis.
        smoothing: 0 to 0.99, the weight of the past.
        log: whether the scale is logarithmic.
    """
    return [_placed(line, places[line.job], smoothing, log) for line in lines if line.job in places]


def within(parts: Sequence[pd.DataFrame], window: tuple[float, float]) -> list[pd.DataFrame]:
    """Return the points in a part of the axis, given as shares of its length."""
    filled = [part for part in parts if len(part)]
    if not filled or window == (0.0, 1.0):
        return filled
    low, high = min(part["x"].min() for part in filled), max(part["x"].max() for part in filled)
    left, right = (low + share * (high - low) for share in window)
    return [kept for part in filled if len(kept := part[part["x"].between(left, right)])]


def inliers(parts: Sequence[pd.DataFrame], log: bool) -> tuple[float, float] | None:
    """Return the range that holds the values of every curve but its outliers, with a margin; None without points."""
    if not parts:
        return None
    ends = np.array([np.quantile(part["value"], [OUTLIERS, 1 - OUTLIERS]) for part in parts])
    low, high = float(ends[:, 0].min()), float(ends[:, 1].max())
    if log:
        return low / (1 + MARGIN), high * (1 + MARGIN)
    margin = MARGIN * (high - low) or MARGIN * abs(high) or 1.0
    return low - margin, high + margin


def screen_points(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return the points of all lines in one long table, thinned."""
    limit = max(min(POINTS, ALL_POINTS // max(len(parts), 1)), 4)
    thinned = [part.iloc[thin(part["raw"].to_numpy(), limit)] for part in parts]
    return pd.concat(thinned, ignore_index=True)[COLUMNS] if thinned else pd.DataFrame(columns=COLUMNS)


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


def _placed(line: Line, place: Place, smoothing: float, log: bool) -> pd.DataFrame:
    points = line.points.assign(value=line.points["raw"], x=place(line.points["step"].to_numpy(dtype=float)))
    if smoothing and not line.measured:
        points["value"] = points["raw"].ewm(alpha=1 - min(max(smoothing, 0.0), 0.99)).mean()
    if log:
        points = points[(points["raw"] > 0) & (points["value"] > 0)]
    seen = len(points) == 1 or (line.measured and len(points) <= DOTS)
    return points.assign(job=line.job, series=line.series, dot=float(seen))[COLUMNS]
