"""What is marked on a chart beside its curves: where epochs end, and the checkpoints, on the training curve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import altair as alt
import numpy as np
import pandas as pd

from lib.i18n import _
from lib.results.course import Course, Place, epoch_ends

CHECKPOINT = "checkpoint"
"""Name of the selection that a click on a checkpoint makes: its `step` and `job`."""
GREY, VIOLET = "#808495", "#a855f7"


def epochs(
    frames: Mapping[str, pd.DataFrame],
    courses: Mapping[str, Course],
    places: Mapping[str, Place],
    parts: Sequence[pd.DataFrame],
) -> alt.Chart:
    """Return dashed lines where the epochs of one job end, as far as `parts` reach; those of several are a thicket."""
    rows = []
    if len(frames) == 1 and parts:
        (job, frame), *_others = frames.items()
        low, high = min(part["x"].min() for part in parts), max(part["x"].max() for part in parts)
        for epoch, step in epoch_ends(frame, courses.get(job, Course())):
            x = float(places[job](np.array([step]))[0])
            if low <= x <= high:
                rows.append({"x": x, "epoch": epoch, "step": step})
    data = pd.DataFrame(rows, columns=["x", "epoch", "step"])
    tooltip = [
        alt.Tooltip("epoch:Q", title=_("Epoch that ends here")),
        alt.Tooltip("step:Q", title=_("Step"), format=",.0f"),
    ]
    rules: alt.Chart = (
        alt.Chart(data).mark_rule(color=GREY, strokeDash=[3, 4], opacity=0.8).encode(x="x:Q", tooltip=tooltip)
    )
    return rules


def checkpoints(
    parts: Sequence[pd.DataFrame], courses: Mapping[str, Course], places: Mapping[str, Place]
) -> pd.DataFrame:
    """Return a row for each checkpoint within the window: `x`, `value` on the job's first curve, `step`, `model`."""
    rows, seen = [], set()
    for part in parts:
        job = str(part["job"].iloc[0])
        if job in seen:
            continue
        seen.add(job)
        for point in courses.get(job, Course()).checkpoints:
            x = float(places[job](np.array([float(point.step)]))[0])
            if part["x"].iloc[0] <= x <= part["x"].iloc[-1]:
                value = float(np.interp(x, part["x"], part["value"]))
                rows.append({"x": x, "value": value, "step": point.step, "job": job, "model": point.model})
    return pd.DataFrame(rows, columns=["x", "value", "step", "job", "model"])


def diamonds(data: pd.DataFrame, y: alt.Y) -> alt.Chart:
    """Return the checkpoints as diamonds that can be clicked."""
    click = alt.selection_point(name=CHECKPOINT, fields=["step", "job"], on="click", empty=False)
    tooltip = [
        alt.Tooltip("step:Q", title=_("Checkpoint at step")),
        alt.Tooltip("model:N", title=_("Model")),
    ]
    size = alt.condition(click, alt.value(300), alt.value(150))
    marks: alt.Chart = (
        alt.Chart(data)
        .mark_point(shape="diamond", filled=True, color=VIOLET, stroke="white", strokeWidth=1, opacity=1, clip=True)
        .encode(x="x:Q", y=y, size=size, tooltip=tooltip)
        .add_params(click)
    )
    return marks
