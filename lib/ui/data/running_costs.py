"""What a tuned model costs once it is there: hosting, answers, and from which call on it has paid for itself."""

from __future__ import annotations

import streamlit as st

from lib.i18n import _, sentences
from lib.pricing.estimate import Quote
from lib.pricing.usage import break_even, call
from lib.ui.data.prices_view import paid
from lib.ui.format import day, number
from lib.ui.text import escape, show_rows
from lib.workbench.report import Report

MODEL, LONG, SHORT, ANSWER, HOURLY = (
    "data_even_model",
    "data_even_long",
    "data_even_short",
    "data_even_answer",
    "data_even_hourly",
)
LONGER = 10
"""Times that a prompt which explains everything is longer than one of the file: a first guess to be changed."""


def draw(quotes: list[Quote], report: Report) -> None:
    """Draw both parts, folded away."""
    if not quotes:
        return
    with st.expander(_("Hosting and answers"), icon=":material/dns:", key="data_hosting"):
        _draw_hosting(quotes)
    with st.expander(_("When does tuning pay for itself?"), icon=":material/balance:", key="data_even"):
        _draw_break_even(quotes, report)


def _draw_hosting(quotes: list[Quote]) -> None:
    unknown = _("not published")
    rows = []
    for quote in quotes:
        model, billing = quote.model, quote.model.billing
        prices = (billing.hosting_per_hour, model.input_per_mtok, model.output_per_mtok)
        hour, asked, answered = (unknown if p is None else paid(p, billing.currency) for p in prices)
        source = billing.hosting_source or model.source
        told = {_("Service"): model.service_title, _("Model"): model.title, _("Hosting, an hour"): hour}
        told |= {_("A million tokens read"): asked, _("A million tokens written"): answered}
        rows.append({**told, _("Price from"): source, _("Read on"): model.read_on})
    links = st.column_config.LinkColumn(display_text=r"https?://(?:www\.)?([^/]+)")
    dates = st.column_config.DateColumn(format="localized")
    show_rows(rows, column_config={_("Price from"): links, _("Read on"): dates}, alt=_("Hosting and answers"))


def _draw_break_even(quotes: list[Quote], report: Report) -> None:
    priced = {q.model.name: q for q in quotes if q.estimate.dollars is not None and call(q.model, 1, 1)}
    if not priced or report.tokens is None or not report.tokens.examples:
        st.caption(_("No service publishes all the prices that are needed."))
        return
    st.caption(
        _("A tuned model needs no long prompt with rules and samples. After enough calls that pays its training.")
    )
    short = max(1, round(report.tokens.prompt / report.tokens.examples))
    answer = max(1, round(report.tokens.completion / report.tokens.examples))
    with st.grid(5, min_column_width=150, vertical_alignment="bottom"):
        name = st.selectbox(_("Model"), list(priced), format_func=lambda key: priced[key].model.title, key=MODEL)
        long = st.number_input(_("Long prompt, tokens"), 1, 1_000_000, short * LONGER, key=LONG)
        brief = st.number_input(_("Short prompt, tokens"), 1, 1_000_000, short, key=SHORT)
        said = st.number_input(_("Answer, tokens"), 1, 1_000_000, answer, key=ANSWER)
        hourly = st.number_input(_("Calls an hour"), 1, 10_000_000, 100, key=HOURLY)
    quote = priced[name]
    tuned, base = call(quote.model, brief, said), call(quote.model, long, said)
    if tuned is None or base is None:
        return
    billing, training = quote.model.billing, (quote.estimate.dollars or 0.0) / report.share
    rent = billing.hosting_per_hour or 0.0
    found = break_even(training, tuned, base, hosting_per_hour=rent, calls_per_hour=hourly)
    if found.calls is None:
        st.markdown(escape(_("With these figures it never pays: each call costs as much or more.")))
    else:
        told = {"n": number(found.calls), "saved": paid(found.saved_per_call, billing.currency)}
        st.markdown(f"**{escape(_('Calls until it has paid for itself: {n}. Each saves {saved}.', **told))}**")
    day_ = day(quote.model.read_on)
    told_ = _("Both at the prices of {service}, read on {day}.", service=quote.model.service_title, day=day_)
    st.caption(escape(sentences(told_, _("Training: {money}.", money=paid(training, billing.currency)))))
