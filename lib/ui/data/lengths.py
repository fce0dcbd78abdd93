"""The lengths of examples as a histogram, with the model's limit drawn in. Readable in light and dark."""

from __future__ import annotations

import altair as alt
import pandas as pd

from lib.i18n import _
from lib.pricing.tokens import TokenCount
from lib.ui.format import number

BAR, OVER, LIMIT = "#178080", "#ea580c", "#e11d48"
HEIGHT = 200
FAR = 3
"""A limit so many times the longest example would squeeze all bars together: it is said in words instead."""


def histogram(count: TokenCount, limit: int | None) -> alt.LayerChart | alt.FacetChart:
    """Draw how many examples have which length in tokens; bars beyond `limit` in a colour of their own."""
    near = limit is not None and limit <= FAR * max(count.longest, 1)
    bins = pd.DataFrame(
        [
            {
                "low": bin.low,
                "high": bin.high,
                "n": bin.examples,
                "over": limit is not None and bin.low >= limit,
                "told": f"{number(bin.low)}–{number(bin.high - 1)}",
            }
            for bin in count.bins(limit=limit if near else None)
        ]
    )
    bars = (
        alt.Chart(bins)
        .mark_bar(binSpacing=1)
        .encode(
            x=alt.X("low:Q", bin="binned", title=_("Tokens of an example"), axis=alt.Axis(tickMinStep=1)),
            x2="high:Q",
            y=alt.Y("n:Q", title=_("Examples"), axis=alt.Axis(tickMinStep=1, format=",d")),
            color=alt.condition(alt.datum.over, alt.value(OVER), alt.value(BAR)),
            tooltip=[alt.Tooltip("told:N", title=_("Tokens")), alt.Tooltip("n:Q", title=_("Examples"), format=",d")],
        )
    )
    layers = [bars]
    if limit is not None and near:
        at = pd.DataFrame([{"limit": limit, "told": _("limit {n}", n=number(limit))}])
        rule = alt.Chart(at).mark_rule(color=LIMIT, strokeWidth=2, strokeDash=[6, 3]).encode(x="limit:Q")
        text = (
            alt.Chart(at)
            .mark_text(color=LIMIT, align="right", dx=-6, baseline="top", fontSize=12)
            .encode(x="limit:Q", y=alt.value(0), text="told:N")
        )
        layers += [rule, text]
    return alt.layer(*layers).properties(height=HEIGHT)
