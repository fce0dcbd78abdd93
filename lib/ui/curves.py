"""Curves on a page: the chart of `lib.results.charts`, tall enough for its legend."""

from __future__ import annotations

import altair
import streamlit as st

HEIGHT = 360
A_NAME = 24
"""Pixels a name takes in a legend."""


def draw(chart: altair.LayerChart, key: str, alt: str, names: int = 1) -> None:
    """Draw a chart; `alt` says in words what it shows. The names of several jobs stand below each other."""
    if names > 1:
        legend = altair.LegendConfig(orient="bottom", direction="vertical", labelLimit=240)
        chart = chart.configure(legend=legend).properties(height=HEIGHT + A_NAME * names)
    st.altair_chart(chart.properties(height=HEIGHT) if names == 1 else chart, key=key, alt=alt)
