"""Settings that one service has and others lack: fields for them, and what they become in a launch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from lib.i18n import N_, _
from lib.ui.train.models import ENGINE, Choice

AUTO = "auto"
SWITCH = (AUTO, True, False)
SWITCHES = {AUTO: N_("Automatic"), True: N_("On"), False: N_("Off")}


@dataclass(frozen=True)
class Knob:
    """A hyperparameter under the service's name. `low` and `high` bound a number; None makes it a switch."""

    name: str
    label: str
    hint: str
    low: float | None = None
    high: float | None = None
    step: float = 1
    of_adapters: bool = False
    """Whether it is about LoRA, which a model made from the examples has not."""

    @property
    def key(self) -> str:
        """Return the key of its widget."""
        return f"train_knob_{self.name}"

    @property
    def start(self) -> str | None:
        """Return what the widget starts from: left to the service."""
        return AUTO if self.low is None else None


KNOBS = {
    ENGINE: (
        Knob(
            "lora",
            N_("LoRA"),
            N_("Trains a small adapter in place of the whole model: less memory, about the same result."),
            of_adapters=True,
        ),
        Knob(
            "lora_r",
            N_("LoRA rank"),
            N_("How much the adapter can learn. Usual: 8 to 64."),
            1,
            256,
            of_adapters=True,
        ),
        Knob(
            "lora_alpha",
            N_("LoRA alpha"),
            N_("How strongly the adapter acts; usually one or two times the rank."),
            1.0,
            1024.0,
            1.0,
            of_adapters=True,
        ),
        Knob("packing", N_("Packing"), N_("Puts short examples together, so that no step is half empty.")),
        Knob(
            "warmup_ratio",
            N_("Warm-up"),
            N_("Part of the training in which the learning rate rises from zero: 0.1 is a tenth."),
            0.0,
            0.99,
            0.01,
        ),
        Knob("weight_decay", N_("Weight decay"), N_("Pulls weights towards zero, against memorising."), 0.0, 1.0, 0.01),
        Knob(
            "early_stopping_patience",
            N_("Patience"),
            N_("Stops when the validation loss has not fallen for so many evaluations. Empty: never."),
            1,
            1000,
        ),
        Knob(
            "context_length",
            N_("Context length"),
            N_("Tokens of the longest example that is trained whole; less takes less memory."),
            8,
            2**20,
            256,
        ),
    )
}
"""Provider -> its knobs. The engine's bounds are those it refuses beyond."""
START = {knob.key: knob.start for knobs in KNOBS.values() for knob in knobs}
"""Widget key -> what it starts from."""


def offered(choice: Choice) -> list[Knob]:
    """Return the knobs of a model's service that mean something for it."""
    return [knob for knob in KNOBS.get(choice.service, ()) if not (knob.of_adapters and choice.is_starter)]


def turned(asked: Mapping[str, Any], choice: Choice) -> dict[str, Any]:
    """Return the hyperparameters that were set."""
    return {knob.name: asked[knob.key] for knob in offered(choice) if asked[knob.key] not in {None, AUTO}}


def draw(choice: Choice) -> None:
    """Draw the fields of a model's service."""
    knobs = offered(choice)
    for knob, column in zip(knobs, _pairs(len(knobs)), strict=True):
        label, hint = _(knob.label), _(knob.hint)
        if knob.low is None:
            column.selectbox(label, SWITCH, key=knob.key, format_func=lambda value: _(SWITCHES[value]), help=hint)
        else:
            low, high = knob.low, knob.high
            column.number_input(
                label, low, high, value=None, step=knob.step, placeholder=_("Automatic"), key=knob.key, help=hint
            )


def _pairs(count: int) -> list[Any]:
    """Return a column for each of so many fields, two beside each other."""
    return [column for _row in range((count + 1) // 2) for column in st.columns(2)][:count]
