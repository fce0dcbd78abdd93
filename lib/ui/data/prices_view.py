"""What training would cost at each service, side by side, with whose price it is and from when. Prices can be set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import streamlit as st

from lib import library
from lib.datasets.recipe import PREFERENCE, REINFORCEMENT
from lib.i18n import _
from lib.pricing.estimate import Method, Prices, Quote, compare
from lib.ui.data import engine_time
from lib.ui.data.work import KIND, Work, keep
from lib.ui.format import money, number
from lib.workbench.report import Report

EPOCHS, TABLE = "data_epochs", "data_prices"


def draw(work: Work, report: Report) -> list[Quote]:
    """Draw epochs, prices and the engine's minutes; return the quotes."""
    if work.recipe.format == REINFORCEMENT:
        st.caption(_("Reinforcement jobs are billed by the hour of training, so nobody can say beforehand."))
        return []
    found = quotes(work, report)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.number_input(
            _("Epochs"),
            1,
            50,
            value=None,
            placeholder=_("Automatic"),
            key=EPOCHS,
            width=160,
            help=_("How often the model reads all examples. Automatic: what each service does when nothing is said."),
        )
        engine_time.draw(work, st.session_state[EPOCHS])
    shown = [row(quote, 1 / report.share) for quote in found]
    names = [quote.model.name for quote in found]
    key = f"{TABLE}_{hash(tuple(sorted((work.state.get('prices') or {}).items())))}"  # a price changes the order
    st.data_editor(
        shown,
        hide_index=True,
        key=key,
        disabled=[name for name in (shown[0] if shown else {}) if name != "price"],
        on_change=partial(_set_price, work.draft_id, names, key),
        column_config=_columns(),
        placeholder="",
        alt=_("What training would cost at each service"),
    )
    if any(quote.estimate.approximate for quote in found):
        st.caption(_("≈ The model splits text in another way than the one chosen above, so its tokens may differ."))
    return found


def _columns() -> dict[str, Any]:
    return {
        "service": st.column_config.TextColumn(_("Service"), pinned=True),
        "model": _("Model"),
        "cost": st.column_config.TextColumn(_("Cost"), width=100),
        "epochs": st.column_config.NumberColumn(_("Epochs"), width=80),
        "tokens": st.column_config.NumberColumn(_("Billed tokens"), format="localized"),
        "price": st.column_config.NumberColumn(
            _("Per million tokens"),
            min_value=0.0,
            format="%.2f",
            help=_("Double-click to set a price of your own."),
            width=150,
        ),
        "currency": st.column_config.TextColumn(_("Currency"), width=80),
        "source": st.column_config.LinkColumn(_("Price from"), display_text=r"https?://(?:www\.)?([^/]+)", width=150),
        "day": st.column_config.DateColumn(_("Read on"), format="localized", width=100),
    }


def quotes(work: Work, report: Report) -> list[Quote]:
    """Return what each hosted model would cost, those with a price first. Of a sample: for the sample alone."""
    if report.tokens is None:
        return []
    method: Method = "dpo" if work.recipe.format == PREFERENCE else "supervised"
    examples = round(report.examples / report.share)
    epochs = st.session_state.get(EPOCHS)
    prices: Prices = work.state.get("prices") or {}
    found = compare(report.tokens, examples, epochs=epochs, method=method, prices=prices)
    return [quote for quote in found if work.recipe.format in quote.model.formats]


def row(quote: Quote, scale: float) -> dict[str, Any]:
    """Return a line of the table; `scale` turns the figures of a sample into those of the file."""
    estimate, model = quote.estimate, quote.model
    rough = "≈ " if estimate.approximate or scale > 1 else ""
    cost = _("not published") if estimate.dollars is None else rough + paid(estimate.dollars * scale, estimate.currency)
    return {
        "service": model.service_title,
        "cost": cost,
        "model": model.title,
        "epochs": estimate.epochs,
        "tokens": round(estimate.billed_tokens * scale),
        "price": estimate.price_per_mtok,
        "currency": estimate.currency,
        "source": estimate.price_source or None,
        "day": estimate.price_date,
    }


def paid(amount: float, currency: str) -> str:
    """Return an amount in its currency."""
    return money(amount) if currency == "USD" else f"{number(amount, 2)} {currency}"


def with_edits(held: Prices, names: Sequence[str], edited: Mapping[Any, Mapping[str, Any]]) -> dict[str, float]:
    """Return the prices with what was typed; an emptied cell takes the catalogue's price again."""
    prices = dict(held)
    for at, cells in edited.items():
        if "price" in cells:
            prices.pop(names[int(at)], None)
            if cells["price"] is not None:
                prices[names[int(at)]] = float(cells["price"])
    return prices


def _set_price(draft_id: str, names: Sequence[str], key: str) -> None:
    held = (library.draft(draft_id, KIND) or {}).get("prices") or {}
    keep(draft_id, prices=with_edits(held, names, st.session_state[key]["edited_rows"]))
