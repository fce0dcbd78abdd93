"""Rules about how long to train: too long (overfitting), or not long enough (underfitting, too few steps)."""

from __future__ import annotations

import math

from lib.datasets.table import Note
from lib.i18n import N_
from lib.results import summary
from lib.results.coach.base import MOST_EPOCHS, Action, Case, Finding, Rule, Values, finite, jitter, plain, short

TAIL = 4
"""The last quarter of the steps is looked at."""
STILL_FALLING = 0.12
"""Share of all that was gained that the last quarter still gained; a curve that levels off gains a few hundredths."""
SIGMAS = 6
AIM = 100
"""Steps that a training too short to judge is brought to."""

UNFINISHED = N_(
    "Training loss still falls at the end, from {before} to {last} over the last quarter: "
    "the model could learn more. Train longer."
)

VALID_ROSE = N_("Averaged validation loss: {low} at step {step}, {last} at step {end}.")
TRAIN_FELL = N_("Averaged training loss meanwhile: from {first} to {last}.")
GAINED = N_("The last quarter of the steps gained {percent}% of all that was gained.")
STEPS = N_("Steps: {n}. Epochs: {epochs}.")
STEPS_ALONE = N_("Steps: {n}.")
EPOCHS = N_("Train again with {n} epochs")
ONE_EPOCH = N_("Train again with 1 epoch")
USE = N_("Use the checkpoint of step {step}")


def overfitting(case: Case) -> Finding | None:
    note = summary.memorising(case.frame)
    if note is None:
        return None
    valid, train = summary.validation(case.frame), summary.smoothed(case.frame, "train_loss")
    best = float(valid.idxmin())
    learning = train[train.index >= best]
    rose: Values = {
        "low": short(valid.min()),
        "step": plain(best),
        "last": short(valid.iloc[-1]),
        "end": plain(valid.index[-1]),
    }
    fell: Values = {"first": short(learning.iloc[0]), "last": short(learning.iloc[-1])}
    actions = []
    point = case.nearest(best)
    if point:
        actions.append(Action(Note(USE, {"step": point.step}), model=point.model))
    fewer = max(1, round((case.epochs or 0) * best / case.last_step))
    if case.epochs and fewer < case.epochs:
        actions.append(_epochs(fewer))
    return Finding("overfitting", note, [Note(VALID_ROSE, rose), Note(TRAIN_FELL, fell)], actions)


def underfitting(case: Case) -> Finding | None:
    raw, loss = finite(case.frame, "train_loss"), summary.smoothed(case.frame, "train_loss")
    if not case.ended or len(loss) < summary.FEW_STEPS or summary.memorising(case.frame) or summary.still(case.frame):
        return None
    before, last = float(loss.iloc[-(len(loss) // TAIL)]), float(loss.iloc[-1])
    gained, late = float(loss.iloc[0]) - last, before - last
    error = SIGMAS * jitter(raw) / math.sqrt(max(len(raw) // summary.WINDOW, 1))
    if gained <= 0 or late < max(STILL_FALLING * gained, error):
        return None
    share = Note(GAINED, {"percent": short(100 * late / gained)})
    what = Note(UNFINISHED, {"before": short(before), "last": short(last)})
    more = min((case.epochs or MOST_EPOCHS) * 2, MOST_EPOCHS)
    return Finding("underfitting", what, [share], [_epochs(more)] if case.epochs and more > case.epochs else [])


def too_few(case: Case) -> Finding | None:
    note = summary.too_few(case.frame) if case.ended else None
    if note is None:
        return None
    epochs, steps = case.epochs, case.last_step
    told: Values = {"n": plain(steps)}
    shown = Note(STEPS, told | {"epochs": epochs}) if epochs else Note(STEPS_ALONE, told)
    more = min(math.ceil(epochs * AIM / steps), MOST_EPOCHS) if epochs and steps > 0 else 0
    return Finding("too_few", note, [shown], [_epochs(more)] if epochs and more > epochs else [])


REACH: list[Rule] = [overfitting, underfitting, too_few]


def _epochs(n: int) -> Action:
    return Action(Note(ONE_EPOCH) if n == 1 else Note(EPOCHS, {"n": n}), {"epochs": n})
