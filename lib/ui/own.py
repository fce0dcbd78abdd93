"""The connections that this browser session may use: everybody's, and those whose key was given in it alone."""

from __future__ import annotations

import streamlit as st

from lib.providers.connections import Connection, connections

OWN = "own_connections"


def usable() -> list[Connection]:
    """Return the connections to offer in this session, the engine first."""
    mine = st.session_state.get(OWN, ())
    return [found for found in connections() if not found.in_memory or found.id in mine]


def claim(connection_id: str) -> None:
    """Note that a connection's key was given in this session."""
    st.session_state[OWN] = {*st.session_state.get(OWN, ()), connection_id}
