"""What was changed by hand: cells and rows, each with a way back."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import streamlit as st

from lib.datasets.corrections import Corrections
from lib.i18n import _
from lib.ui.data import lookup
from lib.ui.data.work import Work, change_corrections
from lib.ui.format import number
from lib.ui.text import escape, shorten

LISTED = 20


def exclude(rows: Sequence[int], corrections: Corrections) -> Corrections:
    """Return the corrections with these rows left out."""
    return corrections.exclude(*rows)


def include(rows: Sequence[int], corrections: Corrections) -> Corrections:
    """Return the corrections with these rows brought back."""
    return corrections.bring_back(*rows)


def restore(row: int, column: str, corrections: Corrections) -> Corrections:
    """Return the corrections with a cell as the file has it."""
    return corrections.restore(row, column)


def draw(work: Work) -> None:
    """Draw what was changed by hand; nothing when nothing was."""
    held = work.corrections
    edits = [(row, column) for row in sorted(held.edits) for column in held.edits[row]]
    if not held:
        return
    label = _("Changed by hand: {n}", n=number(len(edits) + len(held.excluded)))
    with st.expander(escape(label), icon=":material/edit_note:", key="data_by_hand"):
        lines = _lines(work, [row for row, _column in edits[:LISTED]] + sorted(held.excluded)[:LISTED])
        for row, column in edits[:LISTED]:
            told = _("Line {line}, {column}", line=lines[row], column=shorten(column, 40))
            _draw_line(work, told, f"{row}_{column}", partial(restore, row, column))
        for row in sorted(held.excluded)[:LISTED]:
            told = _("Line {line} is left out", line=lines[row])
            _draw_line(work, told, f"{row}", partial(include, [row]))
        if len(held.excluded) > 1:
            st.button(
                _("Bring back all {n} rows", n=number(len(held.excluded))),
                key="data_include_all",
                on_click=change_corrections,
                args=(work, partial(include, sorted(held.excluded))),
            )


def _draw_line(work: Work, told: str, key: str, back: partial[Corrections]) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.text(told, width="content")
        st.button(
            _("Undo"),
            icon=":material/undo:",
            key=f"data_restore_{key}",
            type="tertiary",
            on_click=change_corrections,
            args=(work, back),
        )


def _lines(work: Work, rows: Sequence[int]) -> dict[int, str]:
    """Return the line of each row as text."""
    found = {row.row: row.origin.line for row in lookup.rows_at(work.source, work.read_as, sorted(set(rows)))}
    return {row: number(found.get(row, row + 1)) for row in rows}
