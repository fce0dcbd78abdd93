"""Curves -> the numbers of a small line chart in SVG: points, ticks, names. The page's template draws them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lib.results.charts import COLOURS, DASHES
from lib.results.course import Course, epoch_ends
from lib.results.lines import Line, placed, thin

WIDTH, HEIGHT = 640, 260
LEFT, RIGHT, TOP, BOTTOM = 52, 16, 12, 40
"""Pixels around the drawing, for the ticks."""
POINTS = 600
"""Of one curve: about one for each pixel."""
TICKS = 6
DOTS = 40
LARGEST = 1e150
"""Of a value; the distance of two larger ones may be none that a float can hold."""


@dataclass(frozen=True)
class Tick:
    """A place on an axis, in pixels, and what stands there."""

    at: float
    label: str


@dataclass(frozen=True)
class Curve:
    """A name, its colour and dashes, and its points in pixels: "x,y x,y"; `dots` are shown where there are few."""

    name: str
    colour: str
    dashes: str
    points: str
    dots: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Drawing:
    """Everything a chart shows, in pixels of a box of `WIDTH` by `HEIGHT`."""

    title: str
    curves: list[Curve]
    across: list[Tick]
    up: list[Tick]
    epochs: list[float]
    checkpoints: list[float]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    top: int = TOP
    bottom: int = HEIGHT - BOTTOM


def draw(title: str, lines: Sequence[Line], frame: pd.DataFrame, course: Course) -> Drawing | None:
    """Return the drawing of one job's curves by step, or None if there is no point."""
    parts = [
        part.assign(value=part["value"].clip(-LARGEST, LARGEST))
        for part in placed(lines, {line.job: lambda steps: steps for line in lines}, 0.0, False)
        if len(part)
    ]
    if not parts:
        return None
    low_x, high_x = _range([part["x"] for part in parts])
    low_y, high_y = _range([part["value"] for part in parts])

    def x(step: float) -> float:
        return LEFT + (step - low_x) / (high_x - low_x) * (WIDTH - LEFT - RIGHT)

    def y(value: float) -> float:
        return HEIGHT - BOTTOM - (value - low_y) / (high_y - low_y) * (HEIGHT - TOP - BOTTOM)

    curves = []
    for at, part in enumerate(parts):
        kept = part.iloc[thin(part["value"].to_numpy(), POINTS)]
        pixels = [(f"{x(row.x):.1f}", f"{y(row.value):.1f}") for row in kept.itertuples()]
        curves.append(
            Curve(
                name=str(part["series"].iloc[0]),
                colour=COLOURS[at % len(COLOURS)],
                dashes=" ".join(map(str, DASHES[at % len(DASHES)])) if at else "",
                points=" ".join(f"{across},{up}" for across, up in pixels),
                dots=pixels if len(pixels) == 1 or (at and len(pixels) <= DOTS) else [],
            )
        )
    return Drawing(
        title=title,
        curves=curves,
        across=[Tick(x(value), f"{value:,.10g}") for value in ticks(low_x, high_x)],
        up=[Tick(y(value), f"{value:.4g}") for value in ticks(low_y, high_y)],
        epochs=[x(step) for _epoch, step in epoch_ends(frame, course) if low_x <= step < high_x],
        checkpoints=[x(point.step) for point in course.checkpoints if low_x <= point.step <= high_x],
    )


def ticks(low: float, high: float) -> list[float]:
    """Return round numbers from `low` to `high`, about `TICKS` of them: 1, 2, 2.5 or 5 times a power of ten apart."""
    rough = (high - low) / TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    apart = next(power * times for times in (1, 2, 2.5, 5, 10) if power * times >= rough * 0.999)
    first = math.ceil(low / apart - 1e-9)
    return [round(apart * at, 12) + 0.0 for at in range(first, first + 3 * TICKS) if apart * at <= high + 1e-9 * apart]


def _range(columns: Sequence[pd.Series[float]]) -> tuple[float, float]:
    """Return the lowest and highest value, apart even where there is only one."""
    values: NDArray[np.float64] = np.concatenate([column.to_numpy(dtype=float) for column in columns])
    low, high = float(values.min()), float(values.max())
    if not high - low > 1e-9 * max(abs(low), abs(high)):
        half = max(abs(low) * 0.1, 0.5)
        return low - half, high + half
    return low, high
