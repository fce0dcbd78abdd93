"""The backend's state in one line: what it is doing now and what happens next, kept up to date by itself."""

from __future__ import annotations

from typing import Literal

import streamlit as st

from lib.config import settings
from lib.i18n import _
from lib.providers import backend, connections
from lib.providers.embedded import EmbeddedEngine, EngineStatus, embedded
from lib.ui.format import when
from lib.ui.text import escape, show_error

Color = Literal["gray", "green", "blue", "orange", "red"]

LOOK_AGAIN = 15
"""Seconds between two questions to an engine elsewhere: each is a request over the network."""


@st.fragment(run_every=2)
def draw_backend() -> None:
    """Draw the line for the engine, wherever it runs."""
    engine = embedded()
    if engine:
        _draw_embedded(engine)
    elif settings().engine_url:
        _draw_remote()
    else:
        _line("gray", _("Engine off"), _("This server was started without the engine."))


def _draw_embedded(engine: EmbeddedEngine) -> None:
    state = engine.state()
    detail = escape(state.detail)
    match state.status:
        case EngineStatus.READY:
            told = _("It trains and answers on this machine: no key, no network.")
            _line("green", _("Engine ready"), told, state.since if state.restarts else None)
        case EngineStatus.STARTING:
            _line("blue", _("Engine starting"), _("Ready in a few seconds. Data can be prepared meanwhile."))
        case EngineStatus.RESTARTING:
            _line("orange", _("Engine restarting"), _("It stopped and is started again; jobs go on from there."))
        case _:
            _line(
                "red", _("Engine down"), _("It does not start, and is tried again every 30 seconds. Nothing is lost.")
            )
    if detail and state.status != EngineStatus.READY:
        st.caption(detail)


def _draw_remote() -> None:
    health = _ask(settings().engine_url)
    if health.error is None:
        _line("green", _("Engine ready"), _("It runs at {address}.", address=escape(settings().engine_url)))
    else:
        show_error(health.error)


@st.cache_data(ttl=LOOK_AGAIN, show_spinner=False)
def _ask(_address: str) -> backend.Health:
    return backend.check(connections.connection("engine"))


def _line(color: Color, word: str, sentence: str, restarted: float | None = None) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="home_backend"):
        st.badge(word, color=color)
        st.caption(sentence, width="content")
        if restarted:
            when(restarted, _("Last restart {ago}", ago="{ago}"))
