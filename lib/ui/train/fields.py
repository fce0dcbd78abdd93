"""The numbers of a launch: fields to set them, what they cost or take, and the button."""

from __future__ import annotations

import streamlit as st

from lib.errors import TuneboardError
from lib.i18n import _, sentences
from lib.pricing.estimate import Estimate
from lib.providers.provider import PROVIDERS
from lib.ui import format as fmt
from lib.ui.text import escape, show_error
from lib.ui.train import knobs
from lib.ui.train.form import DPO, METADATA_PAIRS, Plan, start
from lib.ui.train.models import Choice

MINUTE = 60


def draw_settings(choice: Choice, planned: Plan, automatic_epochs: int) -> None:
    """Draw what may be set; a number left empty is chosen for the reader."""
    left, right = st.columns(2)
    told = _("Automatic: {n}", n=automatic_epochs)
    hint = _("How often the model reads every example. Leave it empty to let Tuneboard choose.")
    left.number_input(_("Epochs"), 1, 50, value=None, step=1, placeholder=told, key="train_epochs", help=hint)
    hint = _("These examples are not trained on. They show whether the model learns or only memorises.")
    right.slider(_("Validation split"), 0, 50, step=5, format="%d%%", key="train_split", help=hint)
    with st.expander(_("Advanced"), icon=":material/tune:", key="train_advanced"):
        _draw_advanced(PROVIDERS[choice.service].suffix_limit, planned.spec.method == DPO)
        knobs.draw(choice)
        hint = _("Kept with the job at the service: one name=value a line, at most {n}.", n=METADATA_PAIRS)
        st.text_area(_("Metadata"), key="train_metadata", height=68, placeholder="team=stories", help=hint)


def _draw_advanced(suffix_limit: int, prefers: bool) -> None:
    left, right = st.columns(2)
    told = _("Automatic")
    left.number_input(_("Batch size"), 1, 256, value=None, step=1, placeholder=told, key="train_batch")
    label = _("Learning rate multiplier")
    right.number_input(label, 0.01, 20.0, value=None, step=0.1, placeholder=told, key="train_rate")
    if prefers:
        hint = _("How close the model stays to its old answers: a small value lets it move further. Usual: 0.1.")
        left.number_input(_("Beta"), 0.01, 2.0, value=None, step=0.05, placeholder=told, key="train_beta", help=hint)
    hint = _("Becomes part of the model's name.")
    left.text_input(_("Suffix"), max_chars=suffix_limit, key="train_suffix", help=hint)
    hint = _("The same seed gives the same split and the same training.")
    right.number_input(_("Seed"), 0, 2**31 - 1, step=1, key="train_seed", help=hint)


def draw_estimate(choice: Choice, planned: Plan) -> None:
    """Draw examples, tokens, and dollars or minutes with where they come from."""
    measured, estimate = planned.measured, planned.estimate
    with st.grid(2, min_column_width=130):
        st.metric(_("Training"), fmt.number(measured.training), border=True, help=_("Examples that are trained on."))
        st.metric(
            _("Validation"), fmt.number(measured.validation), border=True, help=_("Examples that are only checked on.")
        )
        if estimate and measured.count:
            hint = _("Tokens of the training examples, each read once.")
            st.metric(_("Tokens"), fmt.number(measured.count.total), border=True, help=hint)
            label, hint = _("Tokens × {n}", n=estimate.epochs), _("Tokens of all epochs together.")
            st.metric(label, fmt.number(estimate.billed_tokens), border=True, help=hint)
    if measured.trouble:
        show_error(TuneboardError.from_json(measured.trouble))
    if estimate and estimate.dollars is not None:
        _draw_dollars(choice.where, estimate, estimate.dollars)
    elif estimate and estimate.minutes is not None:
        st.metric(_("Training time"), _("about {time}", time=fmt.duration(estimate.minutes * MINUTE)), border=True)
        measured_here = choice.remote is not None and choice.remote.measured
        told = (
            _("From the speed of the last job here.") if measured_here else _("A first guess: no job has run here yet.")
        )
        st.caption(sentences(told, _("It costs nothing.")))
    elif estimate:
        st.caption(_("How long it takes is not known before the first job on this model."))


def _draw_dollars(service: str, estimate: Estimate, dollars: float) -> None:
    st.metric(_("Cost"), fmt.money(dollars), border=True)
    told = {"service": service, "price": fmt.money(estimate.price_per_mtok or 0)}
    sentence = _("{service} charges {price} for a million training tokens.", **told)
    if estimate.price_date:
        read = {"day": fmt.day(estimate.price_date), "source": estimate.price_source}
        sentence = sentences(sentence, _("Read on {day} at {source}", **read))
    st.caption(escape(sentence))


def draw_launch(draft_id: str, choice: Choice, planned: Plan, disabled: bool) -> None:
    """Draw the one button. What costs money asks once more."""
    dollars = planned.estimate.dollars if planned.estimate else None
    asks = PROVIDERS[choice.service].charges
    pressed = st.button(
        _("Launch…") if asks else _("Launch"),
        type="primary",
        icon=":material/rocket_launch:",
        key="train_launch",
        disabled=disabled,
        width="stretch",
        on_click=None if asks else start,
        args=None if asks else (draft_id,),
    )
    if pressed and asks:
        st.dialog(_("This launch costs money. Go on?"))(_confirm)(draft_id, choice, dollars)


def _confirm(draft_id: str, choice: Choice, dollars: float | None) -> None:
    if dollars is None:
        st.write(_("What {service} will charge is not known.", service=escape(choice.where)))
    else:
        told = {"service": escape(choice.where), "money": escape(fmt.money(dollars))}
        st.write(_("{service} will charge about {money} for this job.", **told))
    label = _("Launch for {money}", money=escape(fmt.money(dollars))) if dollars is not None else _("Launch")
    st.button(label, key="train_confirm", type="primary", on_click=start, args=(draft_id,))
