"""A file that a browser sent, from Streamlit's memory onto our shelf.

Streamlit would hold all bytes until the browser's tab is closed, and copy them whenever the uploader is drawn again.
So an uploader that was emptied is followed by a new one, under another key.
"""

from __future__ import annotations

import streamlit as st
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx

from lib import library
from lib.datasets.files.readers import shown_name


def key(name: str) -> str:
    """Return the key of the uploader `name` in this session: another one once a file was taken from it."""
    taken = st.session_state.get(_count(name), 0)
    return f"{name}_{taken}" if taken else name


def take(name: str) -> library.Upload | None:
    """Store what the uploader `name` got and let go of the memory it took; None if it got nothing.

    Raises `ShelfUnwritable`; the file is then still held.
    """
    given = st.session_state.get(key(name))
    if given is None:
        return None
    upload = library.save_upload_stream(shown_name(given.name), given)
    given.close()
    context = get_script_run_ctx()
    if context is not None and isinstance(context.uploaded_file_mgr, MemoryUploadedFileManager):
        context.uploaded_file_mgr.remove_file(context.session_id, given.file_id)
    st.session_state[_count(name)] = st.session_state.get(_count(name), 0) + 1
    return upload


def _count(name: str) -> str:
    return f"{name}_taken"
