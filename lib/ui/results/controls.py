"""How the curves are shown: smoothing, scale, axis and window. What is chosen is kept for the session."""

from __future__ import annotations

import streamlit as st

from lib.i18n import N_, _
from lib.results.charts import Look
from lib.results.course import Axis

AXES: dict[Axis, str] = {"step": N_("Steps"), "tokens": N_("Tokens"), "time": N_("Time")}
PERCENT = 100


def draw() -> Look:
    """Draw the controls and return what they say."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        smoothing = st.slider(
            _("Smoothing"), 0.0, 0.99, 0.0, key="results_smoothing", persist_state="session", width=180
        )
        left, right = st.slider(
            _("Part shown"),
            0,
            PERCENT,
            (0, PERCENT),
            format="%d%%",
            key="results_window",
            persist_state="session",
            width=180,
            help=_("Narrow it to see a part of the curves in more detail."),
        )
        axis = st.segmented_control(
            _("Along"),
            list(AXES),
            default="step",
            required=True,
            format_func=lambda name: _(AXES[name]),
            key="results_axis",
            persist_state="session",
            width="content",
        )
        log = st.toggle(_("Logarithmic loss"), key="results_log", persist_state="session")
        clip = st.toggle(
            _("Clip outliers"),
            key="results_clip",
            persist_state="session",
            help=_("The scale follows all values but the highest and lowest hundredth."),
        )
    window = (left / PERCENT, right / PERCENT) if left < right else (0.0, 1.0)
    return Look(smoothing, log, clip, axis, window)
