"""What can be done with a job that goes on: pause it, let it go on, cancel it."""

from __future__ import annotations

import streamlit as st

from lib.errors import TuneboardError
from lib.i18n import _
from lib.jobs.records import Job, Status
from lib.jobs.wishes import Wish, request, request_cancel
from lib.providers.connections import connection

PAUSABLE = frozenset({Status.VALIDATING, Status.QUEUED, Status.RUNNING})


def draw(job: Job) -> None:
    """Draw the buttons for a job as it is now."""
    if _can_pause(job) and job.cancel_requested_at is None:
        _draw_pause(job)
    asked = job.cancel_requested_at is not None
    label = _("Cancelling") if asked else _("Cancel")
    if st.button(label, key="jobs_cancel", icon=":material/cancel:", disabled=asked):
        st.dialog(_("Cancel this job?"))(_confirm)(job.id)


def _can_pause(job: Job) -> bool:
    try:
        return connection(job.connection).can.pausable
    except TuneboardError:  # its connection was removed: nothing can be asked of the service any more
        return False


def _draw_pause(job: Job) -> None:
    pending = job.wish is not None
    if job.status == Status.PAUSED:
        label = _("Resuming") if pending else _("Resume")
        icon, wish = ":material/play_arrow:", Wish.RESUME
    elif job.status in PAUSABLE:
        label = _("Pausing") if pending else _("Pause")
        icon, wish = ":material/pause:", Wish.PAUSE
    else:
        return
    st.button(label, key="jobs_pause", icon=icon, disabled=pending, on_click=request, args=(job.id, wish))


def _confirm(job_id: str) -> None:
    st.write(_("The training stops and no model is made of it. What a service charged up to now stays charged."))
    if st.button(_("Cancel the job"), key="jobs_cancel_yes", type="primary", on_click=request_cancel, args=(job_id,)):
        st.rerun()
