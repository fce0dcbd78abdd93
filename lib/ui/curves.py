"""Curves on a page: the chart of `lib.results.charts`, with its legend where it takes no width from it."""

from __future__ import annotations

import streamlit as st
from altair import LayerChart

HEIGHT = 360


def draw(chart: LayerChart, key: str, alt: str, several: bool = False) -> None:
    """Draw a chart; `alt` says in words what it shows. `several` jobs have long names: one below the other."""
    way = "vertical" if several else "horizontal"
    placed = chart.properties(height=HEIGHT).configure_legend(
        orient="bottom", direction=way, labelLimit=240, title=None
    )
    st.altair_chart(placed, key=key, alt=alt)
