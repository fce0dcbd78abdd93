"""Data: from a file to a dataset version."""

from __future__ import annotations

import streamlit as st

from lib.errors import TuneboardError
from lib.i18n import _
from lib.ui import drafts
from lib.ui.data import (
    examples,
    outcome,
    problems,
    reading,
    recipe,
    rows_view,
    services_view,
    source,
    tokens_view,
    validation,
    versions,
    view,
)
from lib.ui.data.work import work_of
from lib.ui.text import refusals, show_error

st.title(_("Data"))

opened = source.opened()
if opened is None:
    st.caption(_("Bring a spreadsheet, see what is in it, and turn it into examples that a model can learn from."))
    source.choose()
    versions.draw_list()
    st.stop()

draft_id, state = opened
source.draw_chosen(state)
file = reading.read(draft_id, state)
if file is None:
    st.stop()

st.header(_("What each column is for"))
read_as = reading.fingerprint(state)
try:
    chosen = recipe.edit(draft_id, read_as, file.table, recipe.stored(state, file.table))
    state = {**state, "recipe": chosen.to_json()}
    drafts.keep(source.KIND, draft_id, state)
    work = work_of(draft_id, state, read_as, file, validation.questions(state, chosen))
    report = outcome.report(work)
    outcome.draw(work, report)
    enough = outcome.enough(work, report, told=view.current() == "problems")
    match view.choose(problems.counts(report)):
        case "examples":
            examples.draw(work)
        case "problems":
            problems.draw(work, report)
        case "rows":
            rows_view.draw(work, report)
        case "tokens":
            tokens_view.draw(work, report)
        case "services":
            services_view.draw(work, report)
    if enough:  # last of all: a click on it, or its rerun, must not cut off the drawing of the fields above
        with st.bottom, refusals():
            versions.draw_save(work)
except TuneboardError as error:
    show_error(error)
