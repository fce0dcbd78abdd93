"""Data: from a file to a dataset version."""

from __future__ import annotations

import streamlit as st

from lib.datasets.convert import require_examples
from lib.errors import TuneboardError
from lib.i18n import _
from lib.ui import drafts
from lib.ui.data import examples, reading, recipe, source, versions
from lib.ui.text import show_error

st.title(_("Data"))

opened = source.opened()
if opened is None:
    st.caption(_("Bring a spreadsheet, see what is in it, and turn it into examples that a model can learn from."))
    source.choose()
    versions.draw_list()
    st.stop()

draft_id, state = opened
source.draw_chosen(state)
table = reading.read(draft_id, state)
if table is None:
    st.stop()

st.header(_("What each column is for"))
read_as = reading.fingerprint(state)
try:
    chosen = recipe.edit(draft_id, read_as, table, recipe.stored(state, table))
    state = {**state, "recipe": chosen.to_json()}
    drafts.keep(source.KIND, draft_id, state)
    conversion = examples.converted(table, read_as, chosen)
    examples.draw(conversion, chosen)
    require_examples(conversion)
    versions.draw_save(draft_id, state, chosen, conversion)
except TuneboardError as error:
    show_error(error)
