"""What the coach says of one source: what happened, the numbers that show it, and the buttons that act on it."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from lib.i18n import _
from lib.jobs.records import Job
from lib.results import coach, summary
from lib.results.coach import Action, Case, Finding
from lib.results.course import Course
from lib.results.metrics import remarks
from lib.ui import places
from lib.ui.results import again
from lib.ui.results.sources import Source
from lib.ui.text import escape


def draw(source: Source, table: pd.DataFrame, course: Course) -> None:
    """Draw the findings, then what was reached and what was assumed."""
    found = coach.findings(case(source.job, table, course))
    for at, finding in enumerate(found):
        _draw_finding(source, finding, f"results_coach_{source.key}_{at}")
    calm = [] if found else summary.calm(table)
    told = [*calm, *summary.facts(table), *remarks(table)]
    if told:
        st.markdown("\n".join(f"- {escape(note.text())}" for note in told))


def case(job: Job | None, table: pd.DataFrame, course: Course) -> Case:
    """Return what the rules are given; of an uploaded file nothing but its numbers is known."""
    if job is None:
        return Case(table, course)
    asked = job.settings | {name: value for name, value in job.hyperparameters.items() if value is not None}
    rate, split = asked.get("learning_rate_multiplier"), asked.get("validation_fraction")
    return Case(
        table,
        course,
        ended=not job.live,
        rate=float(rate) if isinstance(rate, int | float) else None,
        validation_fraction=float(split) if isinstance(split, int | float) else None,
        recipe=job.recipe,
    )


def _draw_finding(source: Source, finding: Finding, key: str) -> None:
    with st.container(border=True, key=key):
        st.markdown(f":material/tips_and_updates: **{escape(finding.what.text())}**")
        st.caption("  \n".join(escape(note.text()) for note in finding.evidence))
        with st.container(horizontal=True, vertical_alignment="center"):
            for at, action in enumerate(finding.actions):
                _draw_action(source, action, f"{key}_{at}")
            if finding.code == "unmarked":
                places.link("data", _("Data"))


def _draw_action(source: Source, action: Action, key: str) -> None:
    label = escape(action.label.text())
    if action.model:
        places.link("playground", label, model=action.model)
    elif source.job is not None:
        st.button(
            label, key=key, icon=":material/model_training:", on_click=again.train, args=(source.job, action.changes)
        )
