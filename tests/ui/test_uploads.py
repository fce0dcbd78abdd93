"""What a browser sent is stored, and Streamlit holds nothing of it any more."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from lib import library
from lib.migrations import migrate


def page() -> None:
    import streamlit as st
    from streamlit.runtime.scriptrunner import get_script_run_ctx

    from lib.ui import uploads

    def take() -> None:
        upload = uploads.take("slot")
        st.session_state["sha256"] = upload and upload.sha256

    st.file_uploader("A file", key=uploads.key("slot"), on_change=take)
    context = get_script_run_ctx()
    assert context
    st.session_state["held"] = context.uploaded_file_mgr.get_stats()


def test_an_upload_is_stored_and_forgotten_and_the_next_one_is_taken_too() -> None:
    migrate()
    at = AppTest.from_function(page).run()
    for content in (b"first", b"second"):
        at.file_uploader[0].upload("notes.txt", content).run()
        assert not at.exception
        stored = library.upload(at.session_state["sha256"])
        assert stored is not None
        assert library.read_file(stored.sha256) == content
        assert at.session_state["held"] == {}
        assert at.file_uploader[0].value is None
