"""What "auto" means: epochs, batch size and learning rates, by the kind of base model and the amount of data.

Knows sizes and numbers only; no model, no file. `docs/engine.md` has the measurements behind the numbers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from lib.engine.models.bases import STARTER_EPOCHS
from lib.engine.training.optim import USUAL, Rates, Schedule
from lib.engine.training.spec import Hyperparameters, Objective

BETA = 0.1
"""How hard a model is held to where it began: the value of the DPO paper (arXiv 2305.18290) and of TRL."""

CLIP = 1.0


class Method(StrEnum):
    """How a base is tuned."""

    SCRATCH = "scratch"
    FULL = "full"
    LORA = "lora"


@dataclass(frozen=True)
class Plan:
    """Resolved hyperparameters. `batch_size` examples go through the model together, `accumulation` times a step."""

    n_epochs: int
    batch_size: int
    accumulation: int
    learning_rate_multiplier: float
    rates: Rates
    schedule: Schedule
    clip: float
    packing: bool
    patience: int | None
    beta: float | None

    @property
    def examples_a_step(self) -> int:
        """Examples that one step learns from."""
        return self.batch_size * self.accumulation

    def told(self) -> dict[str, Any]:
        """Return what was used under the names of the wire."""
        told: dict[str, Any] = {
            "n_epochs": self.n_epochs,
            "batch_size": self.batch_size,
            "learning_rate_multiplier": self.learning_rate_multiplier,
            "beta": self.beta,
            "warmup_ratio": self.schedule.warmup,
            "lr_scheduler": self.schedule.kind,
            "weight_decay": self.rates.weight_decay,
            "max_grad_norm": self.clip,
            "packing": self.packing,
            "early_stopping_patience": self.patience,
            "gradient_accumulation_steps": self.accumulation,
        }
        return {name: value for name, value in told.items() if value is not None}


@dataclass(frozen=True)
class Size:
    """How much there is to learn, and from: `tokens` is the length of all examples together."""

    parameters: int
    examples: int
    tokens: int


def resolve(asked: Hyperparameters, method: Method, size: Size, objective: Objective = "supervised") -> Plan:
    """Replace every "auto" with a number.

    A batch size that is asked for is multiplied by the accumulation steps, as other trainers do; an automatic one is
    divided by them, so that a step learns from as many examples as it would without.
    """
    accumulation = asked.gradient_accumulation_steps or 1
    automatic = max(1, auto_batch_size(method, size.examples, size.tokens) // accumulation)
    rates = auto_rates(method, size.parameters, objective).times(asked.learning_rate_multiplier or 1.0)
    return Plan(
        n_epochs=asked.n_epochs or auto_epochs(method, size.examples, size.tokens),
        batch_size=min(size.examples, asked.batch_size or automatic),
        accumulation=accumulation,
        learning_rate_multiplier=asked.learning_rate_multiplier or 1.0,
        rates=rates if asked.weight_decay is None else replace(rates, weight_decay=asked.weight_decay),
        schedule=Schedule(
            asked.lr_scheduler or USUAL.kind, USUAL.warmup if asked.warmup_ratio is None else asked.warmup_ratio
        ),
        clip=asked.max_grad_norm or CLIP,
        packing=bool(asked.packing),
        patience=asked.early_stopping_patience,
        beta=(asked.beta or BETA) if objective == "dpo" else None,
    )


def auto_epochs(method: Method, examples: int, tokens: int) -> int:
    """Return epochs: for a starter by tokens (see `STARTER_EPOCHS`), else by OpenAI's documented rule.

    OpenAI: 3 epochs, more (up to 25) so that about 100 examples are seen, fewer so that at most 25,000 are.
    """
    if method is Method.SCRATCH:
        return STARTER_EPOCHS.reach(tokens)
    if examples * 3 < 100:
        return min(25, 100 // examples)
    return max(1, min(3, 25_000 // examples))


def auto_batch_size(method: Method, examples: int, tokens: int) -> int:
    """Return the batch size.

    A starter learns more from many small steps than from few large ones: 4 stories of 300 characters did better than 6
    or 8. Shorter examples go together until they are as long, as a step costs 20 ms of optimizer however little it
    reads; but an epoch keeps at least 10 steps.
    """
    if method is Method.SCRATCH:
        alike = round(1_200 * examples / tokens)
        return max(1, min(max(4, min(16, alike)), examples // 10))
    return 4 if examples < 1_000 else 8 if examples < 10_000 else 16


@dataclass(frozen=True)
class Scale:
    """A learning rate by a model's size: straight on logarithmic paper between two sizes, level outside."""

    small: float
    large: float

    def at(self, parameters: int) -> float:
        """Return the rate for a model of that many parameters."""
        share = math.log(max(parameters, 1) / SMALL) / math.log(LARGE / SMALL)
        return math.exp(math.log(self.small) + min(1.0, max(0.0, share)) * math.log(self.large / self.small))


SMALL, LARGE = 20e6, 7e9
"""Parameters of the model that we measured (see `docs/engine.md`), and of those that others publish rates for."""

FULL = Scale(5e-4, 2e-5)
"""At 7 billion parameters 2e-5: the rate of Alpaca and of Hugging Face's alignment handbook."""

LORA = Scale(2e-3, 2e-4)
"""At 7 billion parameters 2e-4: the rate of QLoRA (arXiv 2305.14314, table 9)."""

PREFERENCE_SHARE = 0.1
"""Preferences move a model by a smaller rate than examples do: it knows the answers already. Others go lower (the
alignment handbook a fortieth), for data of tens of thousands of pairs instead of hundreds."""


def auto_rates(method: Method, parameters: int, objective: Objective = "supervised") -> Rates:
    """Return learning rates before the multiplier.

    From scratch, on 420 stories: AdamW at 8e-3 was worse by 0.002 in held-out accuracy, Muon at 0.02 the same, weight
    decay of 0.01 worse by 0.017 in loss.
    """
    match method:
        case Method.SCRATCH:
            rates = Rates(adamw=4e-3, muon=0.01, weight_decay=0.1)
        case Method.LORA:
            rates = Rates(adamw=LORA.at(parameters))
        case Method.FULL:
            rates = Rates(adamw=FULL.at(parameters))
    return rates.times(PREFERENCE_SHARE) if objective == "dpo" else rates
