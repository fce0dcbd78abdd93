"""Rules about what the numbers are worth: noisy validation, leakage, and answers that were trained without an end."""

from __future__ import annotations

import math

from lib.datasets.table import Note
from lib.i18n import N_
from lib.results.coach.base import Action, Case, Finding, Rule, Values, finite, jitter, short

NOISY = 0.15
"""Neighbouring measurements of validation loss scatter by this share of their mean."""
ENOUGH = 6
"""Measurements of which the scatter can be told."""
TOO_GOOD = 0.6
"""Validation loss below this share of training loss: examples that were never trained on are answered far better than
those that were. Averaging over a step, and dropout, explain a few hundredths."""
SIGMAS = 6
LARGEST_SPLIT = 0.5

NOISE = N_(
    "Validation loss wavers so much that its lowest point says little: too few examples are checked at a time. "
    "Hold out more examples."
)
LEAKED = N_(
    "Validation loss is far below training loss: the validation examples may be in the training data too, "
    "or be much easier. Look for examples that are in both."
)
UNMARKED = N_(
    "The answers were trained with no stop sequence at their end, so the model can't learn where to stop. "
    "Set a stop sequence on the Data page and train again."
)

SCATTER = N_("{n} measurements scatter by about ±{noise}, {percent}% of their mean, {mean}.")
BOTH = N_("Second half of the training: validation loss {valid} on average, training loss {train}.")
NO_STOP = N_("The recipe's stop sequence is empty.")
HOLD_OUT = N_("Train again with a validation split of {percent}%")


def noisy_validation(case: Case) -> Finding | None:
    valid = finite(case.frame, "valid_loss")
    if len(valid) < ENOUGH or len(finite(case.frame, "full_valid_loss")) >= ENOUGH:
        return None
    noise, mean = jitter(valid), float(valid.mean())
    if mean <= 0 or noise < NOISY * mean:
        return None
    told: Values = {"n": len(valid), "noise": short(noise), "percent": short(100 * noise / mean), "mean": short(mean)}
    return Finding("noisy_validation", Note(NOISE), [Note(SCATTER, told)], _larger_split(case))


def leakage(case: Case) -> Finding | None:
    column = "full_valid_loss" if len(finite(case.frame, "full_valid_loss")) >= 2 else "valid_loss"
    valid, train = finite(case.frame, column), finite(case.frame, "train_loss")
    valid, train = (values[values.index >= case.last_step / 2] for values in (valid, train))
    if len(valid) < 2 or len(train) < 2:
        return None
    low, high = float(valid.mean()), float(train.mean())
    error = sum(jitter(values) / math.sqrt(len(values)) for values in (valid, train) if len(values) > 2)
    if low < 0 or low >= TOO_GOOD * high or high - low < SIGMAS * error:
        return None
    return Finding("leakage", Note(LEAKED), [Note(BOTH, {"valid": short(low), "train": short(high)})])


def unmarked(case: Case) -> Finding | None:
    return Finding("unmarked", Note(UNMARKED), [Note(NO_STOP)]) if case.unmarked else None


TRUST: list[Rule] = [leakage, noisy_validation, unmarked]


def _larger_split(case: Case) -> list[Action]:
    split = case.validation_fraction
    if not split or split >= LARGEST_SPLIT:
        return []
    larger = min(round(2 * split, 2), LARGEST_SPLIT)
    return [Action(Note(HOLD_OUT, {"percent": round(100 * larger)}), {"validation_fraction": larger})]
