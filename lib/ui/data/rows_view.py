"""The rows of the file: searched, filtered by problem, left out and brought back, and changed cell by cell.

One page of rows travels to the browser, never the file. What is changed by hand goes into the draft, by row number.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from typing import Any

import streamlit as st

from lib.datasets.corrections import Corrections
from lib.datasets.source import SourceRow
from lib.datasets.table import Cell
from lib.i18n import _
from lib.ui.data import by_hand, lookup, view
from lib.ui.data.row_editor import edit_row
from lib.ui.data.work import Work, change_corrections
from lib.ui.format import number
from lib.ui.text import shorten, show_rows
from lib.workbench.report import Report

PAGE = 50
CELL = 300
"""Characters of a cell that travel to the browser; the editor shows all of them."""
COLUMNS = 20
ALL, EXCLUDED, CHANGED = "", "excluded_by_hand", "changed_by_hand"
OVER, OVER_CODES = "over_limit", {"over_long", "nothing_left"}
"""All rows beyond the limit: those that are cut, and those of which nothing to learn is left."""
FILTER, SEARCH = "data_rows_filter", "data_rows_search"


def link(code: str) -> None:
    """Draw the way to the rows that something was found in."""
    label, key = _("Show the rows"), f"data_show_{code}"
    st.button(label, icon=":material/table_rows:", key=key, type="tertiary", on_click=_show, args=(code,))


def draw(work: Work, report: Report | None) -> None:
    """Draw search, filter, one page of rows and what can be done with the chosen ones."""
    options = filters(work.corrections, report)
    if st.session_state.get(FILTER) not in options:
        st.session_state[FILTER] = ALL
    with st.grid(2, min_column_width=260):
        asked = st.text_input(_("Search"), key=SEARCH, icon=":material/search:", max_chars=200)
        chosen = st.selectbox(_("Rows"), list(options), format_func=lambda code: options[str(code)], key=FILTER)
    numbers, capped = _numbers(work, report, asked.strip(), chosen)
    total = work.source.rows if numbers is None else len(numbers)
    told = _("More than {n} rows; the first {n} are listed.", n=number(total)) if capped else ""
    st.caption(told or _("Rows: {n}", n=number(total)))
    if not total:
        return
    pages = -(-total // PAGE)
    at = st.pagination(pages, key=f"data_rows_page_{chosen}_{pages}") if pages > 1 else 1
    wanted: Sequence[int] = range(total) if numbers is None else numbers
    rows = lookup.rows_at(work.source, work.read_as, wanted[(at - 1) * PAGE : at * PAGE])
    _draw_page(work, rows, key=f"data_rows_{at}_{chosen}_{asked}")


def filters(corrections: Corrections, report: Report | None) -> dict[str, str]:
    """Return what rows can be filtered by, with its name in plain text."""
    found = [*report.skipped, *report.findings] if report else []
    named = {finding.code: shorten(finding.title.text(), 80) for finding in found if len(finding.found)}
    named |= {finding.code: shorten(finding.why.text(), 80) for finding in (report.skipped if report else [])}
    if OVER_CODES & set(named):
        named[OVER] = _("Longer than the model reads")
    by_hand_ = {EXCLUDED: _("Left out by hand")} if corrections.excluded else {}
    by_hand_ |= {CHANGED: _("Changed by hand")} if corrections.edits else {}
    return {ALL: _("All")} | named | by_hand_


def _numbers(work: Work, report: Report | None, asked: str, chosen: str) -> tuple[list[int] | None, bool]:
    """Return the numbers of the rows to show, None for all, and whether there may be more of them."""
    within: list[int] | None = None
    if chosen == EXCLUDED:
        within = sorted(work.corrections.excluded)
    elif chosen == CHANGED:
        within = sorted(work.corrections.edits)
    elif chosen != ALL and report:
        codes = OVER_CODES if chosen == OVER else {chosen}
        findings = [*report.skipped, *report.findings]
        within = sorted({row for finding in findings if finding.code in codes for row in finding.found.rows})
    if not asked:
        return within, False
    hits = lookup.search(work.source, work.read_as, asked, within)
    return hits, len(hits) >= lookup.MOST_HITS


def _draw_page(work: Work, rows: list[SourceRow], key: str) -> None:
    columns = _columns(work)
    picked = show_rows(
        [_shown(row, columns, work.corrections) for row in rows],
        key=key,
        on_select="rerun",
        selection_mode="multi-row",
        column_config={
            "#state": st.column_config.TextColumn("", width=36, pinned=True),
            "#line": st.column_config.NumberColumn(_("Line"), format="localized", width=70, pinned=True),
            "#sheet": st.column_config.TextColumn(_("Sheet"), width=100),
            **{f"c{at}": st.column_config.TextColumn(shorten(name, 40)) for at, name in enumerate(columns)},
        },
        alt=_("Rows of the file"),
    )
    chosen = [rows[at] for at in picked.selection.rows if at < len(rows)]
    _draw_actions(work, chosen)
    by_hand.draw(work)


def _draw_actions(work: Work, chosen: list[SourceRow]) -> None:
    numbers = [row.row for row in chosen]
    out = [row for row in numbers if row in work.corrections.excluded]
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(_("Edit"), icon=":material/edit:", key="data_rows_edit", disabled=len(chosen) != 1):
            st.dialog(_("Edit the row"), width="large")(edit_row)(work, chosen[0], _columns(work))
        st.button(
            _("Leave out"),
            icon=":material/playlist_remove:",
            key="data_rows_exclude",
            disabled=len(out) == len(numbers),
            on_click=change_corrections,
            args=(work, partial(by_hand.exclude, numbers)),
        )
        st.button(
            _("Bring back"),
            icon=":material/playlist_add:",
            key="data_rows_include",
            disabled=not out,
            on_click=change_corrections,
            args=(work, partial(by_hand.include, numbers)),
        )
        if not chosen:
            st.caption(_("Tick rows at their left edge first."), width="content")


def _columns(work: Work) -> list[str]:
    """Return the columns that are shown: those with a role first, so that a wide file shows what matters."""
    used = [name for name in work.table.columns if work.recipe.roles.get(name, "ignore") != "ignore"]
    return [*used, *(name for name in work.table.columns if name not in used)][:COLUMNS]


def _shown(row: SourceRow, columns: list[str], corrections: Corrections) -> dict[str, Any]:
    fields = {**row.fields, **corrections.edits.get(row.row, {})}
    state = "⊘" if row.row in corrections.excluded else "✎" if row.row in corrections.edits else ""
    cells = {f"c{at}": _cut(fields.get(name, "")) for at, name in enumerate(columns)}
    sheet = {"#sheet": row.origin.sheet} if row.origin.sheet else {}
    return {"#state": state, "#line": row.origin.line, **sheet, **cells}


def _cut(cell: Cell) -> str:
    return shorten(cell if isinstance(cell, str) else json.dumps(cell, ensure_ascii=False), CELL)


def _show(code: str) -> None:
    st.session_state[FILTER] = code
    st.session_state[SEARCH] = ""
    view.open("rows")
