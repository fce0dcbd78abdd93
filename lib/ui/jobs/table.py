"""The table of jobs. It draws itself again while a job is live; a click on a row opens that job."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from lib.i18n import N_, _
from lib.jobs.listing import Summary, summaries
from lib.ui import format as fmt
from lib.ui import status
from lib.ui.jobs.sieve import Sieve
from lib.ui.text import say

EVERY = 2.0
"""Seconds between looks at the database while a job is live."""

TABLE = "jobs_table"
SHOWN = "jobs_shown"
READ = "jobs_read"
MOMENT = " ".join(("YYYY-MM-DD", "HH:mm"))


def draw(jobs: list[Summary], sieve: Sieve) -> None:
    """Draw those of `jobs` that pass, live as long as one of them is."""
    shown = [job for job in jobs if sieve.passes(job)]
    live = any(job.live for job in shown)
    st.fragment(_draw, run_every=EVERY if live else None)(shown, sieve, live)


def close() -> None:
    """Leave the opened job for the table."""
    del st.query_params["job"]


def _draw(jobs: list[Summary], sieve: Sieve, live: bool) -> None:
    """Draw the table: of what was read just now at first, of what is read again each time the fragment runs alone."""
    first = st.session_state.get(READ) is not jobs
    st.session_state[READ] = jobs
    if not first:
        jobs = [job for job in summaries() if sieve.passes(job)]
    opened = _clicked()
    st.session_state[SHOWN] = [job.id for job in jobs]
    st.dataframe(
        _frame(jobs),
        key=TABLE,
        hide_index=True,
        on_select="rerun",
        selection_mode=["single-row", "single-cell"],
        column_config=_columns(any(job.tags for job in jobs), any(job.project for job in jobs)),
        alt=_("Fine-tuning jobs, newest first"),
    )
    st.caption(say(N_("Jobs: {n}. Click a row to open the job."), n=fmt.number(len(jobs))))
    if opened:
        st.query_params["job"] = opened
        st.rerun()
    if live and not any(job.live for job in jobs):
        st.rerun()


def _clicked() -> str | None:
    """Return the job in the clicked row of the table as the reader saw it: a new job may have moved the rows since."""
    selection = st.session_state.get(TABLE, {}).get("selection", {})
    rows = [*selection.get("rows", []), *(row for row, _column in selection.get("cells", []))]
    shown = st.session_state.get(SHOWN, [])
    return shown[rows[0]] if rows and rows[0] < len(shown) else None


def _frame(jobs: list[Summary]) -> pd.DataFrame:
    labels = {word: [status.label(word)] for word in {job.status for job in jobs}}
    created = pd.to_datetime([job.created_at for job in jobs], unit="s", utc=True)
    return pd.DataFrame(
        {
            "status": [labels[job.status] for job in jobs],
            "name": [job.name for job in jobs],
            "model": [job.model for job in jobs],
            "dataset": [job.dataset for job in jobs],
            "progress": [job.fraction for job in jobs],
            "started": created.tz_convert(fmt.zone()).tz_localize(None).floor("s"),
            "tags": [job.tags for job in jobs],
            "project": [job.project for job in jobs],
        }
    )


def _columns(tagged: bool, assigned: bool) -> dict[str, Any]:
    text = st.column_config.TextColumn
    looks = status.LOOKS.values()
    return {
        "status": st.column_config.MultiselectColumn(
            _("Status"), options=[_(look.label) for look in looks], color=[look.color for look in looks], width=120
        ),
        "name": text(_("Name")),
        "model": text(_("Base model")),
        "dataset": text(_("Dataset")),
        "progress": st.column_config.ProgressColumn(_("Progress"), format="percent", min_value=0.0, max_value=1.0),
        "started": st.column_config.DatetimeColumn(_("Started"), format=MOMENT),
        "tags": st.column_config.ListColumn(_("Tags")) if tagged else None,
        "project": text(_("Project")) if assigned else None,
    }
