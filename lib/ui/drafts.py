"""A page that survives a reload: its widgets, its draft in the library and the address agree.

The draft's id comes from the address, or from this session's last visit, or is made on the spot. Widgets start
from the draft; what they hold is written back at the end of each run. This module knows no page's fields.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from lib import library

PARAM = "draft"
DRAWN = "drafts_drawn"
NEVER = math.inf
TIME_TO_ARRIVE = 1.0
"""Seconds. Streamlit sends a run's messages every few hundredths of a second; this is for a busy machine."""


def open_draft(kind: str, used_up: Callable[[str], bool] = lambda _id: False) -> str:
    """Return the id of this page's draft and put it into the address.

    The draft that the address names is taken as it is; the session's last one only if it is not `used_up`.
    """
    named, last = st.query_params.get(PARAM), st.session_state.get(f"{kind}_draft")
    if named and library.draft(named, kind) is not None:
        return _settle(kind, named)
    if last and not used_up(last) and library.draft(last, kind) is not None:
        return _settle(kind, last)
    return _settle(kind, library.new_draft(kind, {}))


def renew(kind: str, state: dict[str, Any]) -> None:
    """Go on with a new draft that starts from `state`."""
    _settle(kind, library.new_draft(kind, state))


def fill(kind: str, draft_id: str, values: Mapping[str, Any]) -> None:
    """Give widgets (by key) their values: all of them when the draft is another than before, else the missing ones.

    A value that is set here reaches the browser with the run that sets it. If that run was cut short, or the next one
    followed so soon that its messages were dropped, the browser would show an empty field and send it back as the
    user's word. So what a widget holds is set again until a run that drew it has had time to arrive.
    """
    changed = st.session_state.get(f"{kind}_filled") != draft_id
    arrived = _arrived(kind)
    for key, value in values.items():
        if changed or key not in st.session_state:
            st.session_state[key] = value
        elif not arrived:
            st.session_state[key] = st.session_state[key]
    st.session_state[f"{kind}_filled"] = draft_id


def drawn() -> None:
    """Note that whatever was filled in this run has been drawn. `keep` does so too."""
    st.session_state[DRAWN] = dict.fromkeys(st.session_state.get(DRAWN, {}), time.monotonic())


def _arrived(kind: str) -> bool:
    """Tell whether what the last run filled was drawn, long enough ago; begin to fill anew."""
    at: dict[str, float] = st.session_state.setdefault(DRAWN, {})
    before = at.get(kind, NEVER)
    at[kind] = NEVER
    return time.monotonic() - before > TIME_TO_ARRIVE


def forget(kind: str) -> None:
    """Let the next `fill` give every widget its value, though the draft is the same."""
    st.session_state.pop(f"{kind}_filled", None)


def keep(kind: str, draft_id: str, state: dict[str, Any]) -> None:
    """Write `state`, which the drawn fields hold, to the draft if it differs from what is there."""
    drawn()
    if library.draft(draft_id, kind) != state:
        library.save_draft(draft_id, kind, state)


def follow(param: str, key: str, options: Sequence[str]) -> None:
    """Let `?param=` choose the value of the widget `key`, unless we wrote it there; then make it one of `options`."""
    named = st.query_params.get(param)
    if named and named != st.session_state.get(f"{key}_shown"):
        st.session_state[key] = named
    if st.session_state.get(key) not in options:
        st.session_state[key] = options[0]


def show(param: str, key: str) -> None:
    """Put the value of the widget `key` into the address as `?param=`."""
    value = st.session_state[f"{key}_shown"] = st.session_state[key]
    if st.query_params.get(param) != value:
        st.query_params[param] = value


def _settle(kind: str, draft_id: str) -> str:
    st.session_state[f"{kind}_draft"] = draft_id
    if st.query_params.get(PARAM) != draft_id:
        st.query_params[PARAM] = draft_id
    return draft_id
