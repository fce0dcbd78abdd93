"""Talk to a tuned model: the recipe of its training is applied again, and the answer appears as it is written."""

import streamlit as st

from lib import library
from lib.errors import TuneboardError
from lib.i18n import _
from lib.inference.prompting import prepare
from lib.jobs import records
from lib.providers.connections import connection
from lib.ui import drafts, places
from lib.ui import format as fmt
from lib.ui.playground import hints, live, sampling, talk
from lib.ui.text import show_error

st.title(_("Playground"))

tuned = {job.tuned_model: job for job in records.tuned_models() if job.tuned_model}
if not tuned:
    st.caption(_("There is no tuned model yet. Train one first; it takes a minute or two on this machine."))
    places.link("train", _("Train a model"))
    st.stop()

named = st.query_params.get("model")
if named and named not in tuned:
    st.warning(_("The model in the address is not among yours. Another one is chosen."), icon=":material/search_off:")

draft_id = drafts.open_draft(talk.KIND)
kept = library.draft(draft_id, talk.KIND) or {}
drafts.fill(talk.KIND, draft_id, {key: kept.get(key, start) for key, start in sampling.FIELDS.items()})
drafts.follow("model", "playground_model", list(tuned))


def name_model(model: str) -> str:
    """Return a tuned model as plain text: its name, its data, its age."""
    job = tuned[model]
    return f"{model} · {job.dataset} · {fmt.ago(job.finished_at or job.created_at)}"


with st.container(horizontal=True, vertical_alignment="bottom"):
    model = st.selectbox(_("Tuned model"), tuned, key="playground_model", format_func=name_model)
    with st.popover(_("Sampling"), icon=":material/tune:", key="playground_sampling"):
        sampling.draw()
    st.button(_("Clear"), key="playground_clear", icon=":material/delete:", on_click=talk.clear, args=(draft_id, model))
drafts.show("model", "playground_model")
drafts.keep(talk.KIND, draft_id, (library.draft(draft_id, talk.KIND) or {}) | sampling.state())

job = tuned[model]
try:
    service = connection(job.connection)
except TuneboardError as error:
    show_error(error)
    st.stop()

said = talk.Talk.load(draft_id, model)
example = hints.draw(job, expanded=not said.turns)
with st.bottom:
    stop = st.empty()
    typed = st.chat_input(_("Write a prompt"), key="playground_prompt", submit_mode="disable")

for turn in said.turns:
    live.draw_turn(turn)

question = typed or example
if question:
    stop.button(_("Stop"), key="playground_stop", icon=":material/stop_circle:")
    prepared = prepare(job.recipe, said.messages(question))
    live.ask(service, prepared, sampling.read(), said, question, job.finished_at)
    stop.empty()
