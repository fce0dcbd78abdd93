"""Every fine-tuning job, and with `?job=` one of them as it learns."""

import streamlit as st

from lib.i18n import _
from lib.jobs import records
from lib.jobs.launch import LaunchSpec
from lib.jobs.listing import summaries
from lib.jobs.records import Status
from lib.ui import places
from lib.ui.jobs import actions, desk, ledger, sieve, table, view
from lib.ui.text import escape
from lib.ui.train import form

chosen = st.query_params.get("job")
job = records.job(chosen) if chosen else None

if job is None:
    st.title(_("Jobs"))
    if chosen:
        st.warning(_("There is no job with this id."), icon=":material/search_off:")
    everything = summaries()
    if not everything:
        st.caption(_("No job yet. Choose a dataset version and a model, and launch the first one."))
        places.link("train", _("Train a model"))
        st.stop()
    views = {"jobs": _("Table"), "ledger": _("Ledger")}
    shown = st.segmented_control(
        _("View"),
        views,
        default="jobs",
        required=True,
        key="jobs_view",
        format_func=lambda name: views[name],
        label_visibility="collapsed",
    )
    if shown == "ledger":
        ledger.draw()
    else:
        desk.draw_hidden()
        table.draw(everything, sieve.draw(everything))
    st.stop()

st.title(escape(job.name))
with st.container(horizontal=True, vertical_alignment="center"):
    st.button(_("All jobs"), key="jobs_all", type="tertiary", icon=":material/arrow_back:", on_click=table.close)
    if job.live:
        actions.draw(job)
    else:
        places.link("results", _("Results"), job=job.id)
    if job.settings:
        again = _("Copy the settings")
        spec = LaunchSpec.from_json(job.settings)
        st.button(again, key="jobs_copy", icon=":material/content_copy:", on_click=form.copy, args=(spec,))
    if job.status == Status.SUCCEEDED and job.tuned_model:
        places.link("playground", _("Talk to the model"), model=job.tuned_model)

view.draw(job)

with st.expander(_("Name, project, tags and notes"), icon=":material/edit_note:", key="jobs_desk"):
    desk.draw(job)

with st.expander(_("Launch settings"), icon=":material/tune:", key="jobs_settings"):
    view.draw_figures(job)
    view.draw_settings(job)
