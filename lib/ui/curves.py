"""Curves on a page: the chart of `lib.results.charts`, tall enough for its legend."""

from __future__ import annotations

from collections.abc import Mapping

import altair
import streamlit as st

HEIGHT = 360
A_NAME = 24
"""Pixels a name takes in a legend."""


def draw(
    chart: altair.LayerChart, key: str, alt: str, names: int = 1, select: str | None = None
) -> list[Mapping[str, object]]:
    """Draw a chart; return what is selected on it.

    Args:
        chart: the chart.
        key: of the element.
        alt: what it shows, in words.
        names: jobs in it; the names of several stand below each other.
        select: name of the selection that a click makes, if the chart holds one.
    """
    if names > 1:
        legend = altair.LegendConfig(orient="bottom", direction="vertical", labelLimit=240)
        chart = chart.configure(legend=legend).properties(height=HEIGHT + A_NAME * names)
    else:
        chart = chart.properties(height=HEIGHT)
    if select is None or select not in _selections(chart):
        st.altair_chart(chart, key=key, alt=alt)
        return []
    state = st.altair_chart(chart, key=key, alt=alt, on_select="rerun", selection_mode=select)
    return list(state.selection.get(select, []))


def _selections(chart: altair.LayerChart) -> set[str]:
    return {str(param.name) for param in chart.params} if isinstance(chart.params, list) else set()
