"""Tokens of the examples for the chosen model: how long they are, who says how much, and which are too long."""

from __future__ import annotations

import streamlit as st

from lib.i18n import _, sentences
from lib.pricing.tokens import TokenCount
from lib.ui.data import amounts, model_choice, prices_view, rows_view, running_costs
from lib.ui.data.lengths import histogram
from lib.ui.data.parts import FIELDS, SPEAKERS
from lib.ui.data.work import Work
from lib.ui.format import number
from lib.ui.text import escape, show_rows
from lib.workbench.report import Report


def draw(work: Work, report: Report) -> None:
    """Draw totals, lengths, roles and what it all costs."""
    model_choice.draw(work)
    count = report.tokens
    if count is None or not count.examples:
        st.caption(_("There are no examples to count."))
        return
    limit = work.target.context
    p50, p90, p99 = count.percentiles()
    with st.grid(4, min_column_width=150):
        st.metric(
            _("Tokens in all"),
            amounts.told(count, report.share),
            border=True,
            help=_("Of all examples, each read once."),
        )
        st.metric(_("Half have at most"), number(p50), border=True, help=_("Tokens of an example (p50)."))
        st.metric(_("90% have at most"), number(p90), border=True, help=_("Tokens of an example (p90)."))
        st.metric(_("99% have at most"), number(p99), border=True, help=_("Tokens of an example (p99)."))
    told = _(
        "Examples: {n}, of {low} to {high} tokens",
        n=number(count.examples),
        low=number(min(count.per_example)),
        high=number(count.longest),
    )
    st.altair_chart(histogram(count, limit), key="data_lengths", alt=told)
    _draw_limit(count, limit)
    with st.expander(_("Who says how much"), icon=":material/pie_chart:", key="data_roles"):
        _draw_parts(count, report.share)
    st.subheader(_("What training costs"), anchor=False)
    quotes = prices_view.draw(work, report)
    running_costs.draw(quotes, report)


def _draw_limit(count: TokenCount, limit: int | None) -> None:
    if limit is None:
        st.caption(_("How long an example may be for this model is not published."))
        return
    over = count.over(limit)
    if not over:
        st.caption(_("All fit: the model reads {limit} tokens of an example.", limit=number(limit)))
        return
    told = _(
        "Examples longer than {limit} tokens: {n}. What is beyond is cut off.", n=number(over), limit=number(limit)
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f":orange[:material/warning:] {escape(told)}", width="content")
        rows_view.link(rows_view.OVER)


def _draw_parts(count: TokenCount, share: float) -> None:
    names = {**FIELDS, **SPEAKERS}
    held = [(_(names[role]) if role in names else role, tokens) for role, tokens in count.roles.most_common()]
    held += [(_("Tools"), count.tools), (_("Marks of the format"), count.frame)]
    show_rows(
        [
            {_("Part"): name, _("Tokens"): round(tokens / share), _("Share"): tokens / max(1, count.total)}
            for name, tokens in held
            if tokens
        ],
        column_config={
            _("Tokens"): st.column_config.NumberColumn(format="localized"),
            _("Share"): st.column_config.NumberColumn(format="percent"),
        },
        alt=_("Who says how much"),
    )
    learnt = {"learnt": number(count.completion / share), "read": number(count.prompt / share)}
    st.caption(sentences(_("The model learns to write {learnt} tokens and reads {read} before them.", **learnt)))
