"""Metric tables -> Altair charts that can be read in light and dark, in either language.

No background is set, and each colour has contrast on white and on black. Knows nothing of the page it is drawn on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import altair as alt
import pandas as pd

from lib.i18n import _
from lib.results.lines import Line, class_lines, metric_lines, screen_points

Metric = Literal["loss", "accuracy"]
Drawn = Literal["loss", "accuracy", "classification"]

COLOURS = ["#3b82f6", "#ea580c", "#0d9f6e", "#a855f7", "#e11d48", "#0891b2", "#b7791f", "#db2777"]
DASHES = [[1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [1, 4], [10, 4], [4, 4, 1, 4], [3, 6]]
HEIGHT = 320


@dataclass(frozen=True)
class View:
    """How the values are shown."""

    title: str
    smoothing: float = 0.0
    log: bool = False
    percent: bool = False


def available(frames: Mapping[str, pd.DataFrame]) -> list[Drawn]:
    """Return what there is anything to draw of."""
    drawn: dict[Drawn, Iterator[Line]] = {
        "loss": metric_lines(frames, "loss"),
        "accuracy": metric_lines(frames, "accuracy"),
        "classification": class_lines(frames),
    }
    return [name for name, lines in drawn.items() if any(lines)]


def curves(
    frames: Mapping[str, pd.DataFrame], metric: Metric, smoothing: float = 0.0, log: bool = False
) -> alt.LayerChart:
    """Draw the curves of one or more jobs: training solid, validation dashed with its points.

    Args:
        frames: label -> metric table. One job has a colour per series, several have one each.
        metric: what to draw.
        smoothing: 0 to 0.99, the weight of the past in an exponential moving average of the training curve.
        log: draw on a logarithmic scale, without the values at or below zero, which it can't hold.
    """
    loss = metric == "loss"
    view = View(_("Loss") if loss else _("Token accuracy"), smoothing, log, percent=not loss)
    return _draw(list(metric_lines(frames, metric)), list(frames), view)


def classification(frames: Mapping[str, pd.DataFrame], smoothing: float = 0.0) -> alt.LayerChart:
    """Draw the classification columns of the first fine-tuning API: accuracy, precision, recall, F1, areas."""
    return _draw(list(class_lines(frames)), list(frames), View(_("Score"), smoothing, percent=True))


def _draw(lines: Sequence[Line], jobs: list[str], view: View) -> alt.LayerChart:
    data = screen_points(lines, view.smoothing, view.log)
    series = list(dict.fromkeys(data["series"]))
    base = alt.Chart(data).encode(x=_x(), y=_y("value", view), color=_colour(jobs, series))
    layers = [base.mark_line(strokeWidth=2).encode(strokeDash=_dash(series)), _dots(base, view, jobs)]
    if view.smoothing:
        layers.insert(0, base.mark_line(strokeWidth=1, opacity=0.25).encode(y=_y("raw", view), detail="series:N"))
    return alt.LayerChart(layer=layers, width="container", height=HEIGHT)


def _x() -> alt.X:
    axis = alt.Axis(tickMinStep=1, format=",d")
    return alt.X("step:Q", title=_("Step"), scale=alt.Scale(zero=False, nice=False), axis=axis)


def _y(field: str, view: View) -> alt.Y:
    scale = alt.Scale(type="log", nice=True) if view.log else alt.Scale(zero=False)
    return alt.Y(f"{field}:Q", title=view.title, scale=scale, axis=alt.Axis(format="%" if view.percent else ".3~g"))


def _colour(jobs: list[str], series: list[str]) -> alt.Color:
    """Return one colour per job where there are several, else one per series."""
    several = len(jobs) > 1
    names = jobs if several else series
    scale = alt.Scale(domain=names, range=_cycle(COLOURS, len(names)))
    return alt.Color("job:N" if several else "series:N", title=None, scale=scale, legend=_legend())


def _dash(series: list[str]) -> alt.StrokeDash:
    scale = alt.Scale(domain=series, range=_cycle(DASHES, len(series)))
    return alt.StrokeDash("series:N", title=None, scale=scale, legend=_legend())


def _legend() -> alt.Legend:
    """Return a legend of strokes below the chart, which leaves it the width of a narrow screen."""
    return alt.Legend(orient="bottom", symbolType="stroke", symbolStrokeWidth=2, symbolSize=400, symbolOpacity=1)


def _cycle(values: Sequence[Any], count: int) -> list[Any]:
    return [values[at % len(values)] for at in range(count)]


def _dots(base: alt.Chart, view: View, jobs: list[str]) -> alt.Chart:
    """Return the points: seen where they are few, and everywhere there to be pointed at."""
    number = ".2%" if view.percent else ".5~g"
    tooltip = [
        alt.Tooltip("series:N", title=_("Series")),
        alt.Tooltip("step:Q", title=_("Step")),
        alt.Tooltip("raw:Q", title=view.title, format=number),
    ]
    if any(jobs):
        tooltip.insert(0, alt.Tooltip("job:N", title=_("Job")))
    if view.smoothing:
        tooltip.append(alt.Tooltip("value:Q", title=_("Smoothed"), format=number))
    seen = alt.Opacity("dot:Q", scale=None, legend=None)
    points: alt.Chart = base.mark_circle(size=45).encode(opacity=seen, tooltip=tooltip)
    return points
