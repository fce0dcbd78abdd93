"""The charts of the chosen jobs, what is marked on them, and the settings in which the jobs differ."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from lib.i18n import _
from lib.results import charts, marks
from lib.results.charts import Look
from lib.results.course import Checkpoint, Course, place, spread_evenly
from lib.results.differences import differing
from lib.ui import curves, places
from lib.ui import format as fmt
from lib.ui.results import job_facts
from lib.ui.results.sources import Source
from lib.ui.text import escape, show_rows


def draw_charts(tables: Mapping[str, pd.DataFrame], courses: Mapping[str, Course], look: Look) -> None:
    """Draw a chart for each kind of metric that any table holds, and lead on from a checkpoint that is clicked."""
    titles = {"loss": _("Loss"), "accuracy": _("Token accuracy"), "classification": _("Classification")}
    clicked: list[Checkpoint] = []
    with st.grid(2, min_column_width=320):
        for metric in charts.available(tables):
            if metric == "classification":
                chart = charts.classification(tables, look, courses)
            else:
                chart = charts.curves(tables, metric, look, courses)
            told = {"metric": titles[metric]}
            words = {
                "step": _("{metric} by step", **told),
                "tokens": _("{metric} by tokens trained", **told),
                "time": _("{metric} by time", **told),
            }
            found = curves.draw(
                chart, f"results_{metric}", words[look.axis], names=len(tables), select=marks.CHECKPOINT
            )
            clicked += [point for picked in found for point in _named(picked, courses)]
    if any(course.checkpoints for course in courses.values()):
        st.caption(_("Diamonds are checkpoints: click one to talk to it."))
    _say_what_is_guessed(tables, courses, look)
    for point in dict.fromkeys(clicked):
        _draw_checkpoint(point)


def draw_differences(sources: Mapping[str, Source]) -> None:
    """Draw the settings in which jobs differ, a column for each job."""
    jobs = {label: job_facts.settings(source.job) for label, source in sources.items() if source.job}
    if len(jobs) < 2:
        return
    st.subheader(_("What differs"))
    rows = differing(jobs)
    if not rows:
        st.caption(_("These jobs were launched with the same settings."))
        return
    numbered = {f"job {at}": label for at, label in enumerate(jobs)}
    show_rows(
        [{"setting": name} | {key: row[label] for key, label in numbered.items()} for name, row in rows.items()],
        key="results_differences",
        column_config={"setting": _("Setting")} | numbered,
    )


def _named(picked: Mapping[str, object], courses: Mapping[str, Course]) -> list[Checkpoint]:
    """Return the checkpoint that a click names; what a browser sends is looked up, not believed."""
    course = courses.get(str(picked.get("job")), Course())
    return [point for point in course.checkpoints if point.step == picked.get("step")]


def _draw_checkpoint(point: Checkpoint) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        step = fmt.number(point.step)
        if point.model:
            places.link("playground", _("Talk to the checkpoint of step {step}", step=step), model=point.model)
            st.code(point.model, language=None, width="content")
        else:
            st.caption(
                _("The service does not say by what name the checkpoint of step {step} can be asked.", step=step)
            )


def _say_what_is_guessed(tables: Mapping[str, pd.DataFrame], courses: Mapping[str, Course], look: Look) -> None:
    """Say whose places on the axis are unknown, and whose are no measurements."""
    for label, table in tables.items():
        course = courses[label]
        if place(table, course, look.axis) is None:
            st.caption(_("{name} is not drawn: nothing tells its tokens or times.", name=escape(label)))
        elif spread_evenly(table, course, look.axis):
            st.caption(_("{name}: only the whole is known, so every step is given the same share.", name=escape(label)))
