"""A prompt built from several columns, with the first rows as they come out."""

from __future__ import annotations

import streamlit as st

from lib.datasets.shapes import templates
from lib.datasets.table import Table
from lib.errors import TuneboardError
from lib.i18n import _
from lib.ui.data.colours import cut
from lib.ui.text import escape, shorten, show_error

KEY = "data_template"
FEWEST = 2
MOST_NAMED = 20
SHOWN = 300


def draw(table: Table, held: str) -> str:
    """Draw the template, folded away, and return it if it fits the table, else the last one that did."""
    if len(table.columns) < FEWEST and not held:
        return ""
    with st.popover(_("Prompt template"), icon=":material/edit_note:", width="content"):
        named = ", ".join(templates.placeholder(shorten(name, 40)) for name in table.columns[:MOST_NAMED])
        told = _("A column's name in braces stands for its cell. Empty: the prompt columns are joined.")
        st.text_input(_("Prompt template"), key=KEY, help=told, max_chars=4000, placeholder=named[:200])
        st.caption(escape(_("Columns: {names}", names=named)))
        asked = str(st.session_state[KEY])
        if not asked:
            return ""
        try:
            shown = templates.preview(asked, table)
        except TuneboardError as error:
            show_error(error)
            return held
        for text in shown:
            st.code(cut(text, SHOWN), language=None, wrap_lines=True)
        return asked
