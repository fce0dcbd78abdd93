"""One example at a time: as it is written to the file, and beside it as the model reads it."""

from __future__ import annotations

import streamlit as st

from lib.datasets import jsonl
from lib.datasets.rules.base import Record
from lib.datasets.shapes.skips import Skip
from lib.datasets.source import SourceRow
from lib.i18n import _
from lib.ui.data import lookup, model_view, panes
from lib.ui.data.before_after import example
from lib.ui.data.colours import cut, drawn
from lib.ui.data.parts import Part, parts
from lib.ui.data.work import Work
from lib.ui.format import number
from lib.ui.text import escape, shorten

LONGEST = 4000
"""Characters of one text that are drawn; the file holds all of them."""
LOOKED_AT = 50
"""Rows in which the first example is looked for."""
AT, OF, JSONL = "data_example", "data_example_of", "data_as_jsonl"


def draw(work: Work) -> None:
    """Draw the chosen row's example and the way to the next one."""
    rows = work.source.rows
    if st.session_state.get(OF) != work.read_as or AT not in st.session_state:
        st.session_state[OF], st.session_state[AT] = work.read_as, _first(work)
    at = _draw_browser(rows)
    found = lookup.rows_at(work.source, work.read_as, [at - 1])
    if not found:
        st.caption(_("This line holds no row that can be read."))
        return
    row = found[0]
    made = example(row, work.recipe, work.corrections)
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown(f"**{_('As it is written')}**")
        _draw_raw(row, made, work)
    with right:
        st.markdown(f"**{escape(_('As {model} reads it', model=work.target.model))}**")
        if isinstance(made, dict):
            model_view.draw(made, work)
        else:
            st.caption(_("Nothing: this row is left out."))


def _first(work: Work) -> int:
    """Return the number, from 1, of the first row that gives an example; 1 if none of the first ones does."""
    for row in lookup.rows_at(work.source, work.read_as, range(LOOKED_AT)):
        if isinstance(example(row, work.recipe, work.corrections), dict):
            return row.row + 1
    return 1


def _draw_browser(rows: int) -> int:
    """Draw previous, next and the number of the row; return the number, from 1."""
    st.session_state[AT] = min(max(1, int(st.session_state.get(AT) or 1)), max(1, rows))
    with st.container(horizontal=True, vertical_alignment="center"):
        at = st.session_state[AT]
        st.button(
            _("Previous"),
            icon=":material/chevron_left:",
            key="data_previous",
            on_click=_go,
            args=(-1,),
            disabled=at <= 1,
        )
        st.number_input(_("Row"), 1, max(1, rows), step=1, key=AT, label_visibility="collapsed", width=130)
        st.button(
            _("Next"), icon=":material/chevron_right:", key="data_next", on_click=_go, args=(1,), disabled=at >= rows
        )
        st.caption(_("Rows: {n}", n=number(rows)), width="content")
        st.toggle(_("As JSONL"), key=JSONL)
    return int(st.session_state[AT])


def _go(step: int) -> None:
    st.session_state[AT] = int(st.session_state.get(AT) or 1) + step


def _draw_raw(row: SourceRow, made: Record | Skip | None, work: Work) -> None:
    if made is None:
        st.info(_("Left out: by hand, or by an accepted fix."), icon=":material/playlist_remove:")
    elif isinstance(made, Skip):
        st.warning(escape(made.reason.text()), icon=":material/playlist_remove:")
    elif st.session_state.get(JSONL):
        written = cut(jsonl.write([made]).decode().rstrip("\n"), LONGEST)
        st.code(written, language=None, wrap_lines=True, height=panes.height([written]))
        return
    else:
        shown = parts(made)
        with st.container(border=True, gap="xsmall", height=panes.height(part.text for part in shown)):
            for part in shown:
                _draw_part(part, work)
        return
    cells = {column: cut(str(cell), LONGEST) for column, cell in row.fields.items()}
    with st.container(border=True, gap="xsmall", height=panes.height(cells.values())):
        for column, cell in cells.items():
            st.caption(escape(shorten(column, 40)))
            st.text(cell)


def _draw_part(part: Part, work: Work) -> None:
    """Draw a text with the mark at its end and a space at its start drawn, as Markdown does not show them."""
    st.caption(escape(part.label))
    mark = next((mark for mark in (work.recipe.separator, work.recipe.stop) if mark and part.text.endswith(mark)), "")
    body = part.text.removesuffix(mark)
    start = " " if body.startswith(" ") else ""
    if not mark and not start:
        st.text(cut(part.text, LONGEST))
        return
    lines = "  \n".join(escape(line) for line in cut(body, LONGEST).splitlines())
    st.markdown(" ".join(piece for piece in (drawn(start), lines, drawn(mark)) if piece))
