"""The table of jobs. It draws itself again while a job is live; a click on a row opens that job."""

from __future__ import annotations

from typing import Any

import streamlit as st

from lib.i18n import _
from lib.jobs import records
from lib.jobs.records import Job
from lib.ui import format as fmt
from lib.ui import status

EVERY = 2.0
"""Seconds between looks at the database while a job is live."""

TABLE = "jobs_table"
SHOWN = "jobs_shown"


def draw(jobs: list[Job]) -> None:
    """Draw `jobs`, live as long as one of them is."""
    live = any(job.live for job in jobs)
    st.fragment(_draw, run_every=EVERY if live else None)(live)


def close() -> None:
    """Leave the opened job for the table."""
    del st.query_params["job"]


def _draw(live: bool) -> None:
    jobs = records.jobs()
    opened = _clicked()
    st.session_state[SHOWN] = [job.id for job in jobs]
    st.dataframe(
        [_row(job) for job in jobs],
        key=TABLE,
        hide_index=True,
        on_select="rerun",
        selection_mode=["single-row", "single-cell"],
        column_config=_columns(),
        alt=_("Fine-tuning jobs, newest first"),
    )
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


def _row(job: Job) -> dict[str, Any]:
    return {
        "status": [status.label(job.status)],
        "name": job.name,
        "model": job.model,
        "dataset": job.dataset,
        "progress": records.progress(job).fraction,
        "started": fmt.ago(job.created_at),
    }


def _columns() -> dict[str, Any]:
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
        "started": text(_("Started")),
    }
