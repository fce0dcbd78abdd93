"""Where the data comes from: a file, a sample, or a draft that was begun before.

A file is stored the moment it arrives; from then on only its SHA-256 and its name travel, in a draft whose id stands
in the address. A reload, another tab or a restarted server finds it there.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from lib import library
from lib.config import settings
from lib.datasets.files.readers import shown_name
from lib.datasets.samples import SAMPLES, Sample
from lib.i18n import _
from lib.ui import drafts, uploads
from lib.ui.format import ago
from lib.ui.text import escape, refusals, shorten

KIND, UPLOAD = "data", "data_upload"
TYPES = [
    "csv",
    "tsv",
    "xlsx",
    "xls",
    "json",
    "jsonl",
    "ndjson",
    "yaml",
    "yml",
    "txt",
    "gz",
    "zip",
]  # extensions only: a MIME type ends the check
RECENT = 3


def opened() -> tuple[str, dict[str, Any]] | None:
    """Return the id and state of the draft in the address, or of this session's last one; None to choose a file."""
    for found in (st.query_params.get(drafts.PARAM), st.session_state.get("data_draft")):
        state = library.draft(found, KIND) if found else None
        if found and state and state.get("sha256"):
            _open(found)
            return found, state
    return None


def begin(name: str, data: bytes, sample: str = "") -> str:
    """Store a file and return the id of a new draft that starts from it. The name is only ever shown."""
    upload = library.save_upload(shown_name(name), data)
    return library.new_draft(KIND, {"sha256": upload.sha256, "name": upload.name, "sample": sample})


def begin_sample(key: str) -> str:
    """Return the id of a new draft that starts from the sample `key`."""
    sample = next(sample for sample in SAMPLES if sample.key == key)
    return begin(sample.file.name, sample.file.read_bytes(), key)


def choose() -> None:
    """Draw the ways to begin: a file of one's own, a sample, a draft that was left."""
    st.file_uploader(
        _("Upload a file"),
        TYPES,
        key=uploads.key(UPLOAD),
        on_change=_take_upload,
        max_upload_size=settings().max_upload_mb,
        help=_("CSV, TSV, XLSX, JSON, JSONL, YAML or TXT, also packed as .gz or .zip."),
    )
    _draw_recent()
    st.header(_("Or start from a sample"))
    with st.grid(3, min_column_width=260):
        for sample in SAMPLES:
            _draw_sample(sample)


def draw_chosen(state: dict[str, Any]) -> None:
    """Draw the name of the file at hand and the way to another one."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.header(escape(shorten(state["name"])), icon=":material/description:", width="content", anchor=False)
        st.button(_("Another file"), icon=":material/swap_horiz:", key="data_another", on_click=_close, type="tertiary")


def _take_upload() -> None:
    with refusals():
        upload = uploads.take(UPLOAD)
        if upload is not None:
            _open(library.new_draft(KIND, {"sha256": upload.sha256, "name": upload.name, "sample": ""}))


def _take_sample(key: str) -> None:
    with refusals():
        _open(begin_sample(key))


def _draw_recent() -> None:
    unfinished = [d for d in library.drafts(KIND) if d.state.get("sha256") and not d.state.get("saved")][:RECENT]
    for draft in unfinished:
        name = escape(shorten(draft.state["name"], 40))
        label = _("Go on with {file} ({ago})", file=name, ago=escape(ago(draft.updated_at)))
        key = f"data_draft_{draft.id}"
        st.button(label, icon=":material/edit:", key=key, type="tertiary", on_click=_open, args=(draft.id,))


def _draw_sample(sample: Sample) -> None:
    with st.container(border=True, height="stretch", vertical_alignment="distribute", gap="xsmall"):
        with st.container(gap="xsmall"):
            st.markdown(f"**{escape(_(sample.title))}**")
            st.caption(escape(_(sample.lesson)))
        key = f"data_sample_{sample.key}"
        st.button(_("Use this sample"), key=key, on_click=_take_sample, args=(sample.key,))


def _open(draft_id: str) -> None:
    st.session_state["data_draft"] = draft_id
    if st.query_params.get(drafts.PARAM) != draft_id:
        st.query_params[drafts.PARAM] = draft_id


def _close() -> None:
    st.session_state.pop("data_draft", None)
    st.query_params.pop(drafts.PARAM, None)
