"""Home: how the backend is, what to do next, and what was done last."""

from __future__ import annotations

import streamlit as st

from lib import library
from lib.i18n import _
from lib.jobs import records
from lib.ui import places
from lib.ui.backend_line import draw_backend
from lib.ui.data.source import KIND, begin_sample
from lib.ui.next_step import next_step
from lib.ui.recent import draw_jobs, draw_versions
from lib.ui.text import escape, refusals

TOUR = "stories"
RECENT = 5

st.title(_("Tuneboard"))
st.caption(_("From a spreadsheet to a model that writes, on your own machine or at a service."))
draw_backend()

versions, jobs = library.versions(), records.jobs(RECENT)
step = next_step(versions, jobs, library.drafts(KIND))
with st.container(border=True, key="home_next"):
    st.header(_("Next step"))
    st.markdown(escape(step.sentence))
    with st.container(horizontal=True):
        if step.page and st.button(step.action, type="primary", icon=step.icon, key="home_step"):
            places.go(step.page, **step.params)
        first = not step.page
        if st.button(
            _("Start the tour"), type="primary" if first else "secondary", icon=":material/tour:", key="home_tour"
        ):
            with refusals():
                places.go("data", draft=begin_sample(TOUR))
    st.caption(
        _("The tour: 432 stories become a dataset, a model learns them in a minute or two, you ask for a new one.")
    )

left, right = st.columns(2, gap="large")
with left:
    draw_versions(versions[:RECENT])
with right:
    draw_jobs(jobs)
