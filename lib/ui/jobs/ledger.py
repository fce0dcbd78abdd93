"""The ledger: estimated and actual tokens, dollars and minutes by month, project and owner, and the same as CSV."""

from __future__ import annotations

import csv
import io
from dataclasses import asdict, fields

import streamlit as st

from lib.i18n import _
from lib.jobs import ledger
from lib.jobs.ledger import Entry
from lib.jobs.listing import summaries
from lib.ui.text import show_rows
from lib.workbench.export import safe

FILE_NAME = "ledger.csv"


def draw() -> None:
    """Draw the sums of all jobs, hidden ones too: what was spent stays spent."""
    entries = ledger.ledger(summaries(with_figures=True))
    show_rows([_row(entry) for entry in entries], key="jobs_ledger", column_config=_columns(entries))
    st.caption(
        _(
            "Actual dollars are the tokens a service says it trained, at the price of the estimate: "
            "no service tells what it billed. Months are calendar months, UTC."
        )
    )
    st.download_button(
        _("Ledger as CSV"),
        as_csv(entries),
        FILE_NAME,
        "text/csv",
        on_click="ignore",
        icon=":material/download:",
        key="jobs_ledger_csv",
    )


def as_csv(entries: list[Entry]) -> bytes:
    """Return the entries as CSV for spreadsheets (with a byte order mark); no cell of it runs as a formula."""
    text = io.StringIO(newline="")
    rows = csv.writer(text)
    rows.writerow([field.name for field in fields(Entry)])
    for entry in entries:
        rows.writerow([safe(value, True) if isinstance(value, str) else value for value in asdict(entry).values()])
    return text.getvalue().encode("utf-8-sig")


def _row(entry: Entry) -> dict[str, object]:
    return {name: value for name, value in asdict(entry).items() if value != ""}


def _columns(entries: list[Entry]) -> dict[str, object]:
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    told = {
        "month": text(_("Month")),
        "project": text(_("Project")),
        "owner": text(_("Owner")),
        "jobs": number(_("Jobs")),
        "estimated_tokens": number(_("Tokens, estimated"), format="localized"),
        "tokens": number(_("Tokens, actual"), format="localized"),
        "estimated_dollars": number(_("Dollars, estimated"), format="dollar"),
        "dollars": number(_("Dollars, actual"), format="dollar"),
        "estimated_minutes": number(_("Minutes, estimated"), format="%.1f"),
        "minutes": number(_("Minutes, actual"), format="%.1f"),
    }
    empty = {name for name in told if all(getattr(entry, name) in {None, ""} for entry in entries)}
    return {name: None if name in empty else column for name, column in told.items()}
