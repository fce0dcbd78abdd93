"""What "auto" means: epochs, batch size and learning rates, by the kind of base model and the amount of data.

Knows sizes and numbers only; no model, no file.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from lib.engine.training.optim import Rates
from lib.engine.training.spec import Hyperparameters


class Method(StrEnum):
    """How a base is tuned."""

    SCRATCH = "scratch"
    FULL = "full"
    LORA = "lora"


@dataclass(frozen=True)
class Plan:
    """Resolved hyperparameters."""

    n_epochs: int
    batch_size: int
    learning_rate_multiplier: float
    rates: Rates


def resolve(asked: Hyperparameters, method: Method, parameters: int, examples: int, tokens: int) -> Plan:
    """Replace every "auto" with a number."""
    batch = asked.batch_size or auto_batch_size(method, examples)
    multiplier = asked.learning_rate_multiplier or 1.0
    return Plan(
        n_epochs=asked.n_epochs or auto_epochs(method, examples, tokens),
        batch_size=min(batch, examples),
        learning_rate_multiplier=multiplier,
        rates=auto_rates(method, parameters).times(multiplier),
    )


def auto_epochs(method: Method, examples: int, tokens: int) -> int:
    """Return epochs: for `starter` as many as reach about 650,000 tokens, else OpenAI's documented rule.

    OpenAI: 3 epochs, more (up to 25) so that at least 100 examples are seen, fewer so that at most 25,000 are.
    """
    if method is Method.SCRATCH:
        return max(3, min(25, round(650_000 / max(1, tokens))))
    if examples * 3 < 100:
        return min(25, math.ceil(100 / examples))
    return max(1, min(3, 25_000 // examples))


def auto_batch_size(method: Method, examples: int) -> int:
    """Return the batch size: small, because steps teach more than averages at these sizes of data."""
    if examples < 1_000:
        return 4
    return 8 if examples < 10_000 else 16


def auto_rates(method: Method, parameters: int) -> Rates:
    """Return learning rates before the multiplier."""
    match method:
        case Method.SCRATCH:
            return Rates(adamw=4e-3, muon=0.01, weight_decay=0.1)
        case Method.LORA:
            return Rates(adamw=2e-4)
        case Method.FULL:
            return Rates(adamw=5e-4 if parameters < 10_000_000 else 5e-5)
