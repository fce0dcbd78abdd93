"""What a tuned model costs once it answers, and from which call on it has paid for itself.

A tuned model knows what a long prompt had to tell its base each time, so its prompts can be short. Against the tokens
that saves stand its training, its higher price per token at some services, and the hours it is kept ready.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from lib.pricing.catalogue import CatalogueModel

MILLION = 1_000_000


@dataclass(frozen=True)
class Call:
    """One call of a model: its tokens, and prices per million of them."""

    prompt_tokens: float
    completion_tokens: float
    input_per_mtok: float
    output_per_mtok: float

    @property
    def cost(self) -> float:
        """Return what the call costs."""
        return float(self.exact)

    @property
    def exact(self) -> Fraction:
        """Return the same without rounding: a comparison of sums of many calls must not hang on the last bit."""
        asked = _exact(self.prompt_tokens) * _exact(self.input_per_mtok)
        answered = _exact(self.completion_tokens) * _exact(self.output_per_mtok)
        return (asked + answered) / MILLION


@dataclass(frozen=True)
class BreakEven:
    """From which call on a tuned model costs less in all than its base."""

    calls: int | None
    """None is never."""
    saved_per_call: float
    """What each call saves, hosting included; below zero, each costs more."""


def call(model: CatalogueModel, prompt_tokens: float, completion_tokens: float) -> Call | None:
    """Return a call of a model tuned from this one; None where its prices are not published."""
    if model.input_per_mtok is None or model.output_per_mtok is None:
        return None
    return Call(prompt_tokens, completion_tokens, model.input_per_mtok, model.output_per_mtok)


def break_even(
    training: float, tuned: Call, base: Call, *, hosting_per_hour: float = 0.0, calls_per_hour: float = 0.0
) -> BreakEven:
    """Return after how many calls training and asking the tuned model costs less than asking the base.

    Args:
        training: what the job costs; all prices in one currency.
        tuned: a call with the short prompt.
        base: the call with the long prompt that it stands for.
        hosting_per_hour: what keeping the tuned model ready costs.
        calls_per_hour: calls over which that is spread; needed where it is not zero, or it never pays.
    """
    if hosting_per_hour > 0 and calls_per_hour <= 0:
        return BreakEven(None, float(base.exact - tuned.exact))
    hosting = _exact(hosting_per_hour) / _exact(calls_per_hour) if hosting_per_hour > 0 else Fraction(0)
    saved = base.exact - tuned.exact - hosting
    if saved <= 0:
        return BreakEven(None, float(saved))
    return BreakEven(int(_exact(training) / saved) + 1, float(saved))


def _exact(number: float) -> Fraction:
    """Return the number as it was written: 0.1 is a tenth."""
    return Fraction(str(number))
