"""What people write on a job, kept as they leave a field; and hiding a job, which can be taken back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from lib.i18n import N_, _
from lib.jobs import desk
from lib.jobs.records import Job
from lib.ui.jobs import table
from lib.ui.text import say

HID = "jobs_hid"


def draw(job: Job) -> None:
    """Draw name, project, tags and notes of a job."""
    left, right = st.columns(2)
    _field(left.text_input, _("Name"), "name", job.name, job.id, desk.rename, max_chars=desk.LONGEST_NAME)
    _field(right.text_input, _("Project"), "project", job.project, job.id, desk.assign, max_chars=desk.LONGEST_TAG)
    options = sorted({*desk.known_tags(), *job.tags})
    _field(st.multiselect, _("Tags"), "tag", list(job.tags), job.id, desk.tag, options=options, accept_new_options=True)
    _field(st.text_area, _("Notes"), "notes", job.notes, job.id, desk.note, max_chars=desk.LONGEST_NOTES)
    st.button(_("Hide from the list"), key="jobs_hide", icon=":material/visibility_off:", on_click=_hide, args=(job,))


def draw_hidden() -> None:
    """Say that a job was hidden just now, and take it back on request."""
    hid = st.session_state.get(HID)
    if hid is None:
        return
    id, name = hid
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(say(N_("{name} is hidden from the list."), name=name), width="content")
        st.button(_("Undo"), key="jobs_unhide", type="tertiary", icon=":material/undo:", on_click=_show, args=(id,))


def _field(
    draw_it: Callable[..., Any],
    label: str,
    name: str,
    value: Any,
    job_id: str,
    write: Callable[[str, Any], None],
    **options: Any,
) -> None:
    """Draw one field of a job; what is left in it is written at once."""
    key = f"jobs_desk_{name}_{job_id}"
    if key not in st.session_state:
        st.session_state[key] = value
    draw_it(label, key=key, on_change=_write, args=(write, job_id, key), **options)


def _write(write: Callable[[str, Any], None], job_id: str, key: str) -> None:
    write(job_id, st.session_state[key])


def _hide(job: Job) -> None:
    desk.hide(job.id)
    st.session_state[HID] = (job.id, job.name)
    table.close()


def _show(job_id: str) -> None:
    desk.show(job_id)
    st.session_state.pop(HID, None)
