"""Which part of the screen is open. Only that part is computed and drawn."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from lib.i18n import N_, _

KEY = "data_view"
VIEWS = {
    "examples": (N_("Preview"), ":material/preview:"),
    "problems": (N_("Problems"), ":material/build:"),
    "rows": (N_("Rows"), ":material/table_rows:"),
    "tokens": (N_("Tokens and cost"), ":material/toll:"),
    "services": (N_("Services"), ":material/cloud_done:"),
}


def choose(counts: Mapping[str, str]) -> str:
    """Draw the switch and return the part that is open; `counts` adds a figure to a name."""

    def label(name: str) -> str:
        title, icon = VIEWS[name]
        return " ".join(part for part in (icon, _(title), counts.get(name, "")) if part)

    st.session_state[KEY] = current()
    chosen = st.segmented_control(
        _("Part of the page"),
        list(VIEWS),
        required=True,
        format_func=label,
        key=KEY,
        label_visibility="collapsed",
    )
    return str(chosen or next(iter(VIEWS)))


def current() -> str:
    """Return the part that is open; it can be asked before the switch is drawn."""
    held = st.session_state.get(KEY)
    return str(held) if held in VIEWS else next(iter(VIEWS))


def open(name: str) -> None:
    """Open a part; to be called before the switch is drawn, as callbacks are."""
    st.session_state[KEY] = name
