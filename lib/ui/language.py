"""Which language a session reads.

The reader's own choice, then `?lang=` in the address, then the operator's setting, then the browser. A choice that
differs from what the browser and the operator would give stays in the address, so that a reload keeps it.
"""

from __future__ import annotations

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from lib.config import settings
from lib.i18n import LANGUAGES, _, match, resolve_language_with

KEY = "shell_language"


def current() -> str:
    """Return the language of the session that runs; off the screen (the worker, a route) the operator's."""
    if get_script_run_ctx(suppress_warning=True) is None:
        return match(settings().language)
    return st.session_state.get(KEY) or _asked_for() or _unasked()


def prepare() -> None:
    """Settle the session's language and make `_()` read it. Call before anything is drawn."""
    resolve_language_with(current)
    st.session_state[KEY] = current()
    if st.session_state[KEY] != _unasked() and _asked_for() != st.session_state[KEY]:
        st.query_params["lang"] = st.session_state[KEY]


def draw_switch() -> None:
    """Draw the language switch. Each language stands under its own name."""
    st.selectbox(
        _("Language"),
        LANGUAGES,
        format_func=LANGUAGES.__getitem__,
        key=KEY,
        on_change=_forget_asked,
        icon=":material/translate:",
        label_visibility="collapsed",
    )


def _asked_for() -> str | None:
    asked = st.query_params.get("lang")
    return match(asked) if asked else None


def _unasked() -> str:
    return match(settings().language or st.context.locale)


def _forget_asked() -> None:
    st.query_params.pop("lang", None)
