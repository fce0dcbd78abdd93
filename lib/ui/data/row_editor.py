"""One row in a dialog: every cell in full, to be changed by hand."""

from __future__ import annotations

import json
from functools import partial

import streamlit as st

from lib.datasets.corrections import Corrections
from lib.datasets.source import SourceRow
from lib.datasets.table import Cell
from lib.i18n import _
from lib.ui.data.work import Work, change_corrections
from lib.ui.format import number
from lib.ui.text import escape, shorten

LONGEST = 50_000
"""Characters of a cell that can be edited here: a browser's text field gets slow far beyond."""
TALLEST, LINE = 320, 24
"""Pixels of a text field, and of a line in it."""


def edit_row(work: Work, row: SourceRow, columns: list[str]) -> None:
    """Draw the dialog. Saving keeps what differs from the file, and nothing else."""
    st.caption(_("Line {line}. The file itself stays as it is.", line=number(row.origin.line)))
    was = work.corrections.edits.get(row.row, {})
    held: dict[str, str] = {}
    for at, column in enumerate(columns):
        text = was.get(column, spelled(row.fields.get(column, "")))
        if len(text) > LONGEST:
            told = _("{column} is too long to be edited here.", column=escape(shorten(column, 40)))
            st.caption(told)
            continue
        lines = max(text.count("\n") + 1, len(text) // 80 + 1)
        height = min(TALLEST, 56 + LINE * lines)
        held[column] = st.text_area(escape(shorten(column, 40)), text, height=height, key=_key(work, row, at))
    broken = [column for column, text in held.items() if not fits(row.fields.get(column, ""), text)]
    for column in broken:
        st.error(_("{column} must stay JSON.", column=escape(shorten(column, 40))), icon=":material/error:")
    if st.button(
        _("Keep the changes"),
        type="primary",
        key="data_cell_save",
        disabled=bool(broken),
        on_click=_save,
        args=(work, row, columns),
    ):
        st.rerun()


def _key(work: Work, row: SourceRow, at: int) -> str:
    return f"data_cell_{work.draft_id}_{row.row}_{at}"


def _save(work: Work, row: SourceRow, columns: list[str]) -> None:
    """Keep what the fields hold at the click, not what they held when the button was drawn."""
    held = {
        c: st.session_state[key] for at, c in enumerate(columns) if (key := _key(work, row, at)) in st.session_state
    }
    if all(fits(row.fields.get(column, ""), text) for column, text in held.items()):
        change_corrections(work, partial(edited, row, held))


def edited(row: SourceRow, held: dict[str, str], corrections: Corrections) -> Corrections:
    """Return the corrections with the cells of a row as they are held; what the file says already is no edit."""
    for column, text in held.items():
        same = text == spelled(row.fields.get(column, ""))
        corrections = corrections.restore(row.row, column) if same else corrections.edit(row.row, column, text)
    return corrections


def spelled(cell: Cell) -> str:
    """Return a cell as the text that is edited: structured ones as JSON."""
    return cell if isinstance(cell, str) else json.dumps(cell, ensure_ascii=False, indent=1)


def fits(cell: Cell, text: str) -> bool:
    """Say whether a text may stand where this cell stands: for a structured one it must be JSON."""
    if isinstance(cell, str):
        return True
    try:
        return isinstance(json.loads(text), list | dict)
    except ValueError:
        return False
