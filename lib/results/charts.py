"""Metric tables -> Altair charts that can be read in light and dark, in either language.

No background is set, and each colour has contrast on white and on black. Knows nothing of the page it is drawn on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Literal

import altair as alt
import pandas as pd

from lib.i18n import _
from lib.results import marks
from lib.results.course import Axis, Course, place
from lib.results.lines import Line, class_lines, inliers, metric_lines, placed, screen_points, within

Metric = Literal["loss", "accuracy"]
Drawn = Literal["loss", "accuracy", "classification"]

COLOURS = ["#3b82f6", "#ea580c", "#0d9f6e", "#a855f7", "#e11d48", "#0891b2", "#b7791f", "#db2777"]
DASHES = [[1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [1, 4], [10, 4], [4, 4, 1, 4], [3, 6]]
HEIGHT = 320


@dataclass(frozen=True)
class Look:
    """How curves are shown."""

    smoothing: float = 0.0
    """0 to 0.99, the weight of the past in an exponential moving average of the training curve."""
    log: bool = False
    """A logarithmic scale, without the values at or below zero, which it can't hold."""
    clip: bool = False
    """Outliers may lie outside of the chart."""
    axis: Axis = "step"
    window: tuple[float, float] = (0.0, 1.0)
    """The part of the axis that is drawn, as shares of its length."""


@dataclass(frozen=True)
class View:
    """A chart's own words and scale."""

    title: str
    look: Look
    percent: bool = False
    limits: tuple[float, float] | None = None


NOTHING: Mapping[str, Course] = MappingProxyType({})
PLAIN = Look()


def available(frames: Mapping[str, pd.DataFrame]) -> list[Drawn]:
    """Return what there is anything to draw of."""
    drawn: dict[Drawn, Iterator[Line]] = {
        "loss": metric_lines(frames, "loss"),
        "accuracy": metric_lines(frames, "accuracy"),
        "classification": class_lines(frames),
    }
    return [name for name, lines in drawn.items() if any(lines)]


def curves(
    frames: Mapping[str, pd.DataFrame], metric: Metric, look: Look = PLAIN, courses: Mapping[str, Course] = NOTHING
) -> alt.LayerChart:
    """Draw the curves of one or more jobs: training solid, validation dashed with its points.

    Args:
        frames: label -> metric table. One job has a colour per series, several have one each.
        metric: what to draw.
        look: how; accuracy never takes a logarithmic scale.
        courses: label -> what is known of the job; without it there are steps only, and no marks.
    """
    loss = metric == "loss"
    shown = look if loss else replace(look, log=False)
    view = View(_("Loss") if loss else _("Token accuracy"), shown, percent=not loss)
    return _draw(list(metric_lines(frames, metric)), frames, view, courses)


def classification(
    frames: Mapping[str, pd.DataFrame], look: Look = PLAIN, courses: Mapping[str, Course] = NOTHING
) -> alt.LayerChart:
    """Draw the classification columns of the first fine-tuning API: accuracy, precision, recall, F1, areas."""
    view = View(_("Score"), replace(look, log=False), percent=True)
    return _draw(list(class_lines(frames)), frames, view, courses)


def _draw(
    lines: Sequence[Line], frames: Mapping[str, pd.DataFrame], view: View, courses: Mapping[str, Course]
) -> alt.LayerChart:
    look, jobs = view.look, list(frames)
    found = {job: place(frame, courses.get(job, Course()), look.axis) for job, frame in frames.items() if len(frame)}
    places = {job: there for job, there in found.items() if there is not None}
    parts = within(placed(lines, places, look.smoothing, look.log), look.window)
    view = replace(view, limits=inliers(parts, look.log)) if look.clip else view
    data = screen_points(parts)
    series = list(dict.fromkeys(data["series"]))
    base = alt.Chart(data).encode(x=_x(look.axis), y=_y("value", view), color=_colour(jobs, series))
    curve = base.mark_line(strokeWidth=2, clip=True).encode(strokeDash=_dash(series))
    layers = [curve, _dots(base, view, jobs)]
    if look.smoothing:
        layers.insert(
            0, base.mark_line(strokeWidth=1, opacity=0.25, clip=True).encode(y=_y("raw", view), detail="series:N")
        )
    ends, kept = marks.epochs(frames, courses, places, parts), marks.checkpoints(parts, courses, places)
    if len(ends.data):
        layers.insert(0, ends)
    if len(kept):
        layers.append(marks.diamonds(kept, _y("value", view)))
    return alt.LayerChart(layer=layers, width="container", height=HEIGHT)


def _x(axis: Axis) -> alt.X:
    title = {"step": _("Step"), "tokens": _("Tokens trained"), "time": _("Minutes since the start")}[axis]
    ticks = alt.Axis(tickMinStep=1, format=",d") if axis != "time" else alt.Axis(format="~g")
    return alt.X("x:Q", title=title, scale=alt.Scale(zero=False, nice=False), axis=ticks)


def _y(field: str, view: View) -> alt.Y:
    domain: dict[str, Any] = {"domain": list(view.limits), "clamp": False} if view.limits else {}
    scale = alt.Scale(type="log", nice=not domain, **domain) if view.look.log else alt.Scale(zero=False, **domain)
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
    if view.look.smoothing:
        tooltip.append(alt.Tooltip("value:Q", title=_("Smoothed"), format=number))
    seen = alt.Opacity("dot:Q", scale=None, legend=None)
    points: alt.Chart = base.mark_circle(size=45, clip=True).encode(opacity=seen, tooltip=tooltip)
    return points
