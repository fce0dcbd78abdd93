"""How far work in the background is: a bar that moves by itself, and a way to stop it."""

from __future__ import annotations

import streamlit as st

from lib.i18n import _
from lib.ui.format import percent
from lib.ui.text import escape, show_error
from lib.workbench import background
from lib.workbench.background import Done, Failed, Running, Spec

EVERY = 0.7
"""Seconds between two looks."""
STOPPED = "data_stopped"
"""Keys of what this session stopped, so that it does not start again by itself."""
UNDER_WAY = "data_under_way"


def draw(spec: Spec, told: str, *, begin: bool = True) -> None:
    """Draw the progress of some work, and rerun the page once when it is done. `begin`: start it if nobody did."""
    stopped = st.session_state.setdefault(STOPPED, set())
    if begin and spec.key not in stopped:
        _begin(spec)
    live = isinstance(background.state(spec.key), Running)
    st.fragment(_draw, run_every=EVERY if live else None)(spec, told)


def _begin(spec: Spec) -> None:
    """Start the work; what was under way for an earlier recipe is of no use any more."""
    earlier = st.session_state.get(f"{UNDER_WAY}_{spec.what}")
    if earlier and earlier != spec.key:
        background.cancel(earlier)
    st.session_state[f"{UNDER_WAY}_{spec.what}"] = background.start(spec)


def _draw(spec: Spec, told: str) -> None:
    match background.state(spec.key):
        case Running(progress):
            with st.container(horizontal=True, vertical_alignment="center", key=f"data_progress_{spec.what}"):
                text = f"{escape(told)} · {escape(percent(progress))}"
                st.progress(min(1.0, progress), text=text, width="stretch")
                st.button(_("Stop"), icon=":material/stop:", key=f"data_stop_{spec.what}", on_click=_stop, args=(spec,))
        case Done():
            st.rerun()
        case Failed(error):
            show_error(error)
            _draw_again(spec)
        case _:
            _draw_again(spec)


def _draw_again(spec: Spec) -> None:
    label = _("Look at the whole file") if spec.what == "survey" else _("Write the file")
    st.button(label, icon=":material/play_arrow:", key=f"data_again_{spec.what}", on_click=_again, args=(spec,))


def _stop(spec: Spec) -> None:
    st.session_state.setdefault(STOPPED, set()).add(spec.key)
    background.cancel(spec.key)


def _again(spec: Spec) -> None:
    st.session_state.setdefault(STOPPED, set()).discard(spec.key)
    _begin(spec)
