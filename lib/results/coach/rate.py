"""Rules about the learning rate: too high (broken, diverging, jumping) or too low (still, slow)."""

from __future__ import annotations

import math

import pandas as pd

from lib.datasets.table import Note
from lib.i18n import N_
from lib.results import summary
from lib.results.coach.base import (
    LEAST_RATE,
    MOST_EPOCHS,
    MOST_RATE,
    Action,
    Case,
    Finding,
    Rule,
    Values,
    finite,
    jitter,
    plain,
    short,
)

JUMP = 1.5
"""Averaged training loss this many times what it had been has jumped; below, it is the noise of small batches."""
LOST = 0.25
"""Share of what had been gained that a jump takes away."""
SLOW = 0.75
"""Training loss that ends above this share of where it began has moved little."""
SIGMAS = 6
"""Standard errors by which averages must differ, as in `summary.noise`."""
SAME_PACE = (0.5, 2.0)
"""The second half gained this many times what the first half did: loss falls in a line, far from its lowest."""

JUMPED = N_(
    "Training loss jumped from {low} at step {step} to {high} at step {peak} before it came down again: "
    "the learning rate is too high."
)
CREPT = N_("Training loss falls steadily but very slowly, from {first} to {last}: the learning rate is too low.")

LOWEST = N_("Lowest averaged training loss: {low} at step {step}. At the end, step {end}: {last}.")
LAST_NUMBER = N_("The last training loss that is a number: {loss} at step {step}.")
NO_NUMBER = N_("No step has a training loss that is a number.")
MOVED = N_("Averaged training loss: {first} at the start, {last} at the end, step {end}: {percent}% less.")
HALVES = N_("It lost {one} in the first half of the steps and {two} in the second.")
SCATTER = N_("Single steps scatter by about ±{noise}.")
OTHER_RATE = N_("Train again with learning rate multiplier {rate}")
LONGER = N_("Train again with {n} epochs")


def broken(case: Case) -> Finding | None:
    note = summary.broken(case.frame)
    if note is None:
        return None
    loss = finite(case.frame, "train_loss")
    told = Note(LAST_NUMBER, {"loss": short(loss.iloc[-1]), "step": plain(loss.index[-1])}) if len(loss) else None
    return Finding("broken", note, [told or Note(NO_NUMBER)], _rate(case, 0.25))


def diverging(case: Case) -> Finding | None:
    note = summary.diverging(case.frame)
    return Finding("diverging", note, _lowest(case), _rate(case, 0.5)) if note else None


def jumping(case: Case) -> Finding | None:
    raw, means = finite(case.frame, "train_loss"), summary.smoothed(case.frame, "train_loss")
    if len(means) < summary.FEW_STEPS or summary.diverging(case.frame) or _jump(means, raw) is None:
        return None
    # Medians have the last word, since one odd batch is no jump; they take longer, so means have the first.
    jump = _jump(raw.rolling(max(len(raw) // summary.WINDOW, 3), min_periods=1, center=True).median(), raw)
    return Finding("jumping", jump, [*_lowest(case), _scatter(raw)], _rate(case, 0.5)) if jump else None


def still(case: Case) -> Finding | None:
    note = summary.still(case.frame) if case.ended else None
    return Finding("still", note, [_moved(case)], [*_rate(case, 2.0), *_longer(case)]) if note else None


def slow(case: Case) -> Finding | None:
    raw, loss = finite(case.frame, "train_loss"), summary.smoothed(case.frame, "train_loss")
    if not case.ended or len(loss) < summary.FEW_STEPS or summary.still(case.frame) or summary.memorising(case.frame):
        return None
    first, middle, last = float(loss.iloc[0]), float(loss.iloc[len(loss) // 2]), float(loss.iloc[-1])
    one, two = first - middle, middle - last
    if last < SLOW * first or min(one, two) < _error(raw) or not SAME_PACE[0] <= two / one <= SAME_PACE[1]:
        return None
    halves = Note(HALVES, {"one": short(one), "two": short(two)})
    what = Note(CREPT, {"first": short(first), "last": short(last)})
    return Finding("slow", what, [_moved(case), halves], [*_rate(case, 2.0), *_longer(case)])


RATE: list[Rule] = [broken, diverging, jumping, still, slow]


def _jump(loss: pd.Series[float], raw: pd.Series[float]) -> Note | None:
    """Return what the largest rise above all that was reached before is, if it is large enough to be none of chance."""
    lowest = loss.cummin()
    above = loss - lowest
    peak = above.idxmax()
    low, high = float(lowest[peak]), float(loss[peak])
    gained = float(loss.iloc[0] - low)
    if high < JUMP * low or gained <= 0 or above[peak] < max(LOST * gained, _error(raw)):
        return None
    told: Values = {"low": short(low), "step": plain(loss[:peak].idxmin()), "high": short(high), "peak": plain(peak)}
    return Note(JUMPED, told)


def _error(raw: pd.Series[float]) -> float:
    """Return how far apart two averages of training loss lie by chance."""
    return SIGMAS * jitter(raw) / math.sqrt(max(len(raw) // summary.WINDOW, 1))


def _lowest(case: Case) -> list[Note]:
    loss = summary.smoothed(case.frame, "train_loss")
    told: Values = {"low": short(loss.min()), "step": plain(loss.idxmin()), "last": short(loss.iloc[-1])}
    return [Note(LOWEST, told | {"end": plain(case.last_step)})]


def _moved(case: Case) -> Note:
    loss = summary.smoothed(case.frame, "train_loss")
    first, last = float(loss.iloc[0]), float(loss.iloc[-1])
    told: Values = {"first": short(first), "last": short(last), "end": plain(case.last_step)}
    return Note(MOVED, told | {"percent": short(100 * (first - last) / first if first else 0.0)})


def _scatter(raw: pd.Series[float]) -> Note:
    return Note(SCATTER, {"noise": short(jitter(raw))})


def _rate(case: Case, factor: float) -> list[Action]:
    """Return the launch with another learning rate; one that is unknown or automatic counts as 1."""
    rate = min(max(float(short((case.rate or 1.0) * factor)), LEAST_RATE), MOST_RATE)
    if rate == case.rate:
        return []
    return [Action(Note(OTHER_RATE, {"rate": short(rate)}), {"learning_rate_multiplier": rate})]


def _longer(case: Case) -> list[Action]:
    if case.epochs is None or case.epochs * 2 > MOST_EPOCHS:
        return []
    return [Action(Note(LONGER, {"n": case.epochs * 2}), {"epochs": case.epochs * 2})]
