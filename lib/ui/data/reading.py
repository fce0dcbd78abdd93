"""How the file was read, said in plain words, with the controls to read it otherwise folded away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from lib import library
from lib.config import settings
from lib.datasets.errors import ReadingStopped, ResultFile
from lib.datasets.files.encoding import ENCODINGS
from lib.datasets.shapes.formats import format_of
from lib.datasets.source import Source, open_source
from lib.datasets.table import Table
from lib.errors import TuneboardError
from lib.i18n import N_, _, sentences
from lib.ui import drafts, places
from lib.ui.data.progress import EVERY
from lib.ui.data.source import KIND
from lib.ui.data.work import OF_CONVERSATIONS, OF_ROWS, how_read
from lib.ui.format import number, size
from lib.ui.text import escape, show_error, show_rows
from lib.workbench.background_files import spools
from lib.workbench.opening import Opening, forget, opening

DELIMITERS = {",": N_("comma"), "\t": N_("tab"), ";": N_("semicolon"), "|": N_("bar")}
OVERRIDES = ("encoding", "delimiter", "quote", "sheet", "header")
HEADERS = {
    "yes": N_("It names the columns"),
    "no": N_("It is data"),
    "2": N_("Two rows name the columns"),
    "3": N_("Three rows name the columns"),
}
QUOTES = {"double": N_('double quotes (")'), "single": N_("single quotes (')"), "none": N_("no mark")}
TABLES = ("csv", "tsv", "txt", "xlsx", "xls")
PATIENCE = 1.0
"""Seconds that the page waits for a file before it shows that it is read, with a way to stop that."""
AS_READ = ""
"""The value of an override that lets the reader decide."""


def read(draft_id: str, state: dict[str, Any]) -> Source | None:
    """Return the file, opened, after drawing how it was read; None after drawing why it could not be."""
    try:
        with st.spinner(_("Reading the file")):
            source = _opening(state).found.result(PATIENCE)
    except TimeoutError:
        _draw_under_way(_opening(state))
        _draw_overrides(draft_id, state, None)
        return None
    except TuneboardError as error:
        _draw_refused(error, state)
        _draw_overrides(draft_id, state, None)
        return None
    _draw_evidence(source.table, state["sha256"])
    with st.container(horizontal=True, key="data_reading"):
        _draw_overrides(draft_id, state, source.table)
        if source.table.notes:
            _draw_notes(source.table)
    return source


def opened(state: Mapping[str, Any]) -> Source:
    """Return the file that a draft speaks of, opened as the draft says. Raises `DatasetError`."""
    return _opening(state).found.result()


def fingerprint(state: Mapping[str, Any]) -> str:
    """Return a name for this reading of this file: the same for the same bytes read the same way."""
    return "|".join([state["sha256"], state["name"], *(state.get(name) or "" for name in OVERRIDES)])


def _opening(state: Mapping[str, Any]) -> Opening:
    """Begin to open a file, once; the key is its SHA-256, so that no two files can be taken for one another."""
    how, path = how_read(state), library.file_path(state["sha256"])
    return opening(_key(state), lambda stop: open_source(path, state["name"], spools(), stop=stop, **how))


def _key(state: Mapping[str, Any]) -> str:
    return f"{settings().home}|{fingerprint(state)}"


@st.fragment(run_every=EVERY)
def _draw_under_way(under_way: Opening) -> None:
    """Say that the file is still being read, with a way to stop that; rerun the page once it is done."""
    if under_way.found.done():
        st.rerun()
    with st.container(horizontal=True, vertical_alignment="center", key="data_progress_read"):
        st.status(_("Reading the file"), type="compact")
        st.button(_("Stop"), icon=":material/stop:", key="data_stop_read", on_click=under_way.stop)


def _draw_refused(error: TuneboardError, state: dict[str, Any]) -> None:
    """Say why there is nothing to show, and give the way on: to the page that the file belongs to, or another try."""
    if isinstance(error, ReadingStopped):
        st.caption(_("The reading was stopped."))
    else:
        show_error(error)
    if isinstance(error, ResultFile):
        places.link("results", _("Open the Results page"))
        return
    label, args = _("Read the file again"), (_key(state),)
    st.button(label, icon=":material/replay:", key="data_again_read", type="tertiary", on_click=forget, args=args)


def _draw_evidence(table: Table, sha256: str) -> None:
    """Say in one line how the file was read: its kind and size, then what the reader says for itself."""
    upload = library.upload(sha256)
    told = _("{kind}, {size}.", kind=table.format.upper(), size=size(upload.size if upload else 0))
    found = format_of(table)
    named = "" if found.code == "flat" else _("Format: {format}.", format=found.words.text())  # the preview shows it
    st.caption(escape(sentences(told, *(note.text() for note in table.evidence), named)))


def _draw_notes(table: Table) -> None:
    label = _("Assumed or skipped: {n}", n=number(len(table.notes)))
    with st.popover(escape(label), icon=":material/info:"):
        show_rows(
            [{_("Line number"): note.origin and note.origin.line, _("Note"): note.text()} for note in table.notes],
            alt=_("What was assumed or skipped while reading"),
        )


def _draw_overrides(draft_id: str, state: dict[str, Any], table: Table | None) -> None:
    """Draw a control for each thing that was found out, where there is something to choose."""
    offered = {name: options for name, options in _options(state["name"], table).items() if options}
    if not offered:
        return
    drafts.fill("data_reading", draft_id, {f"data_{name}": state.get(name) or AS_READ for name in OVERRIDES})
    with st.popover(_("Read it differently"), icon=":material/tune:"):
        for name, options in offered.items():
            _draw_override(draft_id, name, options)


def _options(file_name: str, table: Table | None) -> dict[str, list[str]]:
    kind = table.format if table else file_name.lower().rpartition(".")[2]
    book = kind in ("xlsx", "xls")
    return {
        "encoding": [] if book else list(ENCODINGS),
        "delimiter": list(DELIMITERS) if kind in TABLES and not book else [],
        "quote": list(QUOTES) if kind in TABLES and not book else [],
        "sheet": table.sheets if table and len(table.sheets) > 1 else [],
        "header": list(HEADERS) if kind in TABLES else [],
    }


def _draw_override(draft_id: str, name: str, options: list[str]) -> None:
    labels = {
        "encoding": _("Encoding"),
        "delimiter": _("Separated by"),
        "quote": _("Mark around cells"),
        "sheet": _("Sheet"),
        "header": _("First row"),
    }
    told = {AS_READ: _("Found out by itself")} | ENCODINGS
    if name in ("delimiter", "quote", "header"):
        told |= {value: _(text) for value, text in (DELIMITERS | QUOTES | HEADERS).items()}
    st.selectbox(
        labels[name],
        [AS_READ, *options],
        format_func=lambda value: told.get(str(value), str(value)),
        key=f"data_{name}",
        on_change=_reread,
        args=(draft_id,),
    )


def _reread(draft_id: str) -> None:
    """Store what was chosen. Recipe and corrections go: they speak of columns and rows that may be others now."""
    state = library.draft(draft_id, KIND) or {}
    chosen = {name: st.session_state.get(f"data_{name}") or "" for name in OVERRIDES}
    gone = dict.fromkeys(("recipe", OF_ROWS, OF_CONVERSATIONS, "saved"))
    library.save_draft(draft_id, KIND, {**state, **chosen, **gone})
    drafts.forget("data")
