from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
import torch
from torch.nn import functional

from lib.engine.training import keeper, learner
from lib.engine.training.checkpoint import Progress
from lib.engine.training.data import Example
from lib.engine.training.keeper import Keeper
from lib.engine.training.learner import Learner, Tally
from lib.engine.training.loop import Course, Learns, run
from lib.engine.training.report import Metrics, TrainingProblem
from lib.engine.training.starter import make_model
from lib.engine.training.stop import Stop, Stopped
from lib.engine.training.tokenizer import train_tokenizer

EXAMPLES = [Example([1, 2, 3], [False, True, True])] * 8


@dataclass
class Scripted:
    """A learner whose losses are known beforehand."""

    valid: Sequence[float] = ()
    train: float = 2.0
    model: Any = field(default_factory=lambda: torch.nn.Linear(1, 1))
    steps: int = 0
    evaluations: int = 0

    def step(self, _examples: Sequence[Any], _optimizers: Sequence[torch.optim.Optimizer]) -> Tally:
        self.steps += 1
        tally = Tally()
        tally.add(torch.tensor(self.train * 4), torch.tensor(1), 4)
        return tally

    def evaluate(self, _examples: Sequence[Any], _size: int) -> tuple[float, float]:
        self.evaluations += 1
        return self.valid[self.evaluations - 1], 0.5


def course(**options: Any) -> Course:
    return Course(**{"train": EXAMPLES, "valid": EXAMPLES[:1], "n_epochs": 6, "batch_size": 4, "seed": 1} | options)


def go(learner: Learns, plan: Course, progress: Progress, **options: Any) -> list[Metrics]:
    told: list[Metrics] = []
    run(learner, [], plan, progress, told.append, lambda _: None, **options)
    return told


def test_every_step_is_told_with_means_and_every_epoch_is_evaluated() -> None:
    told = go(Scripted(valid=[6, 5, 4, 3, 2, 1]), course(), progress := Progress())
    assert [metrics.step for metrics in told] == list(range(1, 13))
    assert {(metrics.train_loss, metrics.train_mean_token_accuracy) for metrics in told} == {(2.0, 0.25)}
    assert [metrics.full_valid_loss for metrics in told[1::2]] == [6, 5, 4, 3, 2, 1]
    assert (progress.step, progress.best_step, progress.tokens) == (12, 12, 12 * 4 * 3)


def test_a_course_ends_when_validation_has_not_got_better_for_its_patience() -> None:
    progress = Progress()
    go(learner := Scripted(valid=[5, 4, 4.5, 3.9, 4.1, 4.2]), course(n_epochs=9, patience=2), progress)
    assert learner.evaluations == 6
    assert (progress.best_loss, progress.best_step, progress.step) == (3.9, 8, 12)


def test_a_course_that_had_ended_early_does_not_go_on_when_its_process_died_before_publishing() -> None:
    told = go(Scripted(), course(patience=2), Progress(step=4, best_step=2, best_loss=1.0, stale=2))
    assert told == []


def test_a_loss_that_is_no_number_ends_the_job_with_advice() -> None:
    with pytest.raises(TrainingProblem, match="step 1: use a smaller learning_rate_multiplier") as caught:
        go(Scripted(train=math.nan), course(), Progress())
    assert caught.value.code == "training_diverged"


def test_between_two_steps_everything_is_told_that_was_learned() -> None:
    progress = Progress()
    told: list[int] = []
    seen: list[tuple[int, int]] = []
    run(
        Scripted(),
        [],
        course(valid=[], n_epochs=1),
        progress,
        lambda metrics: told.append(metrics.step),
        lambda _: None,
        lambda: seen.append((progress.step, told[-1])),
    )
    assert seen == [(1, 1), (2, 2)]


class Wish(Stop):
    asked = True


def test_a_keeper_saves_before_it_stops_and_when_it_is_time(monkeypatch: pytest.MonkeyPatch) -> None:
    saved: list[str] = []
    with pytest.raises(Stopped):
        Keeper(Wish(), lambda: saved.append("last"), saved.append)()
    keep = Keeper(Stop(), lambda: saved.append("timed"), saved.append)
    keep()
    monkeypatch.setattr(keeper, "EVERY_SECONDS", 0.0)
    keep.saved(7)
    keep()
    assert saved == ["last", "timed"]


def test_a_point_that_could_not_be_saved_stops_no_training(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise OSError("No space left on device")

    heard: list[str] = []
    monkeypatch.setattr(keeper, "EVERY_SECONDS", 0.0)
    Keeper(Stop(), fail, heard.append)()
    assert heard == ["The state of this job could not be saved: No space left on device. An older one is kept."]


def masked(length: int, trained: Sequence[int]) -> Example:
    return Example(list(range(4, 4 + length)), [place in trained for place in range(length)])


@pytest.mark.parametrize(
    "examples",
    [
        [masked(length, range(1, length)) for length in (3, 5, 8)],
        [masked(4, [3]), masked(9, [1, 8])],
        [masked(6, [2, 3, 4, 5]), masked(6, [2, 3, 4, 5])],
    ],
    ids=["completions", "chats with much between answers", "of one length"],
)
def test_the_gradient_is_that_of_the_mean_over_trained_tokens_however_the_batch_is_cut(
    examples: list[Example], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learner, "has_bf16", lambda _: False)
    tokenizer = train_tokenizer(["abcdefgh"])
    trained = sum(sum(example.trained) for example in examples)
    model = make_model(tokenizer, seed=1)
    loss = torch.zeros(())
    for example in examples:
        logits = model(input_ids=torch.tensor([example.ids])).logits[0]
        each = functional.cross_entropy(logits[:-1], torch.tensor(example.ids[1:]), reduction="none")
        loss += each[torch.tensor(example.trained[1:])].sum()
    (loss / trained).backward()
    for most in (None, 1, 2):
        pupil = Learner(make_model(tokenizer, seed=1), 0, clip=math.inf, most=most)
        tally = pupil.step(examples, [])
        assert tally.means[0] == pytest.approx(float(loss.detach()) / trained, rel=1e-6)
        for found, expected in zip(pupil.model.parameters(), model.parameters(), strict=True):
            assert torch.allclose(found.grad, expected.grad, rtol=1e-4, atol=1e-6)
