"""Choose a dataset version and a base model, see what it takes, and launch exactly once."""

import streamlit as st

from lib import library
from lib.errors import TuneboardError
from lib.i18n import _
from lib.jobs import records
from lib.ui import drafts, places
from lib.ui import format as fmt
from lib.ui.text import escape, show_error
from lib.ui.train import advice, elsewhere, fields, form, models

st.title(_("Train"))

versions = {version.id: version for version in library.versions()}
if not versions:
    st.caption(_("There is nothing to train on yet. Make a dataset version from a file or a sample first."))
    places.link("data", _("Prepare data"))
    st.stop()

draft_id = drafts.open_draft(form.KIND, used_up=lambda id_: records.job(id_) is not None)
launched = records.job(draft_id)
if launched:
    st.success(_("Already launched, {ago}. One form starts one job.", ago=escape(fmt.ago(launched.created_at))))
    with st.container(horizontal=True, vertical_alignment="center"):
        places.link("jobs", _("Go to the job"), job=launched.id)
        st.button(_("Start another one"), key="train_again", on_click=form.again, args=(draft_id,))
    st.stop()

offered, trouble = models.choices()
if trouble:
    show_error(trouble)
if not offered:
    st.stop()

drafts.fill(form.KIND, draft_id, form.FIELDS | (library.draft(draft_id, form.KIND) or {}))
drafts.follow("version", "train_version", list(versions))
drafts.follow("model", "train_model", list(offered))


def name_version(version_id: str) -> str:
    """Return a dataset version as plain text."""
    named = versions[version_id]
    return _("{name} · {n} examples", name=named.label, n=fmt.number(named.examples))


asked = form.state()
version, choice = versions[asked["train_version"]], offered[asked["train_model"]]
try:
    planned = form.plan(asked, version, choice)
except TuneboardError as error:
    show_error(error)
    st.stop()
obstacles = advice.obstacles(choice, version, planned)
drafts.keep(form.KIND, draft_id, asked)

asking, cost = st.columns([3, 2], gap="large")
with asking:
    st.selectbox(_("Dataset version"), versions, key="train_version", format_func=name_version)
    st.selectbox(_("Base model"), offered, key="train_model", format_func=lambda key: offered[key].label)
    for sentence in advice.advice(choice, version, planned.measured):
        st.caption(escape(sentence))
    fields.draw_settings(choice, planned, form.automatic_epochs(choice, planned.measured))
    elsewhere.draw(draft_id, choice, version, planned.spec)
with cost:
    fields.draw_estimate(choice, planned)
    for sentence in obstacles:
        st.warning(escape(sentence), icon=":material/block:")
    refusals = advice.refusals(choice, planned.dollars)
    for refusal in refusals:
        show_error(refusal)
    refused = st.session_state.pop(form.REFUSED, None)
    if refused:
        show_error(refused)
    fields.draw_launch(draft_id, choice, planned, disabled=bool(obstacles or refusals))
drafts.show("version", "train_version")
drafts.show("model", "train_model")
