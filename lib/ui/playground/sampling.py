"""How the next token is drawn: the fields, and what they hold."""

from __future__ import annotations

from typing import Any

import streamlit as st

from lib.i18n import _
from lib.inference.answer import Sampling

FIELDS: dict[str, Any] = {
    "playground_temperature": Sampling.temperature,
    "playground_top_p": Sampling.top_p,
    "playground_max_tokens": Sampling.max_tokens,
    "playground_seed": Sampling.seed,
}
"""Widget key -> what it starts from."""


def draw() -> None:
    """Draw the four fields."""
    hint = _("0 always takes the likeliest token; higher values vary more.")
    st.slider(_("Temperature"), 0.0, 2.0, step=0.05, key="playground_temperature", help=hint)
    hint = _("Only the likeliest tokens that together reach this share are considered.")
    st.slider(_("Top p"), 0.05, 1.0, step=0.05, key="playground_top_p", help=hint)
    st.number_input(_("Most tokens"), 1, 16_384, step=64, key="playground_max_tokens")
    hint = _("The same seed gives the same answer. Empty: a different one each time.")
    told = _("Random")
    st.number_input(_("Seed"), 0, 2**31 - 1, value=None, step=1, placeholder=told, key="playground_seed", help=hint)


def state() -> dict[str, Any]:
    """Return what the fields hold."""
    return {key: st.session_state.get(key, start) for key, start in FIELDS.items()}


def read() -> Sampling:
    """Return the sampling that the fields ask for."""
    return Sampling(*state().values())
