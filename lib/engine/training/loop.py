"""The training loop: batches in, metric lines and checkpoints out.

A plain loop of torch, chosen by measurement (`python -m tests.bench.training`): it is as fast as a loop that does
nothing but learn. `transformers.Trainer` would also need a wrapper around two optimizers, a subclass for token accuracy
at every step, and its own way to skip data on resume; TRL's SFTTrainer sits on top of it and needs one more library.

Promises that a resumed loop does what an uninterrupted one would have done: the order of data and the learning rate
follow from the step number, the optimizers and random state come from the checkpoint. Several processes may run it on
copies of one model (see `parallel`): each reads its share of every batch, all see the same figures. Knows neither files
nor wire.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import torch

from lib.engine.training.checkpoint import Progress
from lib.engine.training.data import Example, batch_plan
from lib.engine.training.learner import Tally
from lib.engine.training.optim import USUAL, Schedule, set_rate
from lib.engine.training.report import Metrics, TrainingProblem

SAMPLES_PER_EPOCH = 8
"""How often within an epoch one batch of validation examples is looked at."""


class Learns(Protocol):
    """What the loop asks of a model with its loss; `Learner` is the usual one."""

    @property
    def model(self) -> Any:
        """The model, a torch module."""

    def step(self, examples: Sequence[Any], optimizers: Sequence[torch.optim.Optimizer]) -> Tally:
        """Learn from one batch: exactly one step of each optimizer, with the gradient of the batch's mean loss."""

    def evaluate(self, examples: Sequence[Any], size: int) -> tuple[float, float]:
        """Return mean loss and accuracy over examples, `size` at a time; draw no random number, change no weight."""


@dataclass(frozen=True)
class Course:
    """Everything fixed about a run."""

    train: Sequence[Example]
    valid: Sequence[Example]
    n_epochs: int
    batch_size: int
    seed: int
    schedule: Schedule = USUAL
    patience: int | None = None
    """After how many evaluations of all validation examples in a row without a lower loss to stop; None: never."""

    @cached_property
    def steps_per_epoch(self) -> int:
        """Number of batches in an epoch; asked at every step, while planning an epoch reads every length."""
        return len(self._plan(0))

    @property
    def total_steps(self) -> int:
        """Number of batches in all epochs."""
        return self.steps_per_epoch * self.n_epochs

    def _plan(self, epoch: int) -> list[list[int]]:
        return batch_plan([len(example.ids) for example in self.train], self.batch_size, self.seed, epoch)

    def batches(self, done: int) -> Iterator[tuple[int, int, list[Example]]]:
        """Yield (step, epoch, examples), both counted from 1, for what comes after `done` steps."""
        first, skip = divmod(done, self.steps_per_epoch)
        step = done
        for epoch in range(first, self.n_epochs):
            for chosen in self._plan(epoch)[skip:]:
                step += 1
                yield step, epoch + 1, [self.train[i] for i in chosen]
            skip = 0


def nothing() -> None:
    """Do nothing between two steps."""


def run(
    learner: Learns,
    optimizers: Sequence[torch.optim.Optimizer],
    course: Course,
    progress: Progress,
    each_step: Callable[[Metrics], None],
    each_epoch: Callable[[Metrics], None],
    between: Callable[[], None] = nothing,
) -> None:
    """Train from where `progress` stands to the end, or to where validation no longer gets better.

    `between` is called after each step, when all that is needed to go on lies in `progress`, the model and the
    optimizers; it may raise to end the loop.
    """
    learner.model.train()
    per_epoch = course.steps_per_epoch
    sample_every = max(10, per_epoch // SAMPLES_PER_EPOCH)
    mark = time.monotonic() - progress.seconds
    for step, epoch, examples in course.batches(progress.step):
        if out_of_patience(course, progress):
            return
        set_rate(optimizers, step - 1, course.total_steps, course.schedule)
        train = _finite(learner.step(examples, optimizers).means, step)
        ends = step == epoch * per_epoch
        full = learner.evaluate(course.valid, course.batch_size) if ends and course.valid else None
        sample = full
        if course.valid and not ends and step % sample_every == 0:
            sample = learner.evaluate(_sample(course, step // sample_every), course.batch_size)
        progress.step = step
        progress.tokens += sum(len(example.ids) for example in examples)
        progress.seconds = time.monotonic() - mark
        metrics = Metrics(
            step=step,
            total_steps=course.total_steps,
            epoch=epoch,
            train_loss=train[0],
            train_mean_token_accuracy=train[1],
            valid_loss=sample[0] if sample else None,
            valid_mean_token_accuracy=sample[1] if sample else None,
            full_valid_loss=full[0] if full else None,
            full_valid_mean_token_accuracy=full[1] if full else None,
            tokens=progress.tokens,
            seconds=round(progress.seconds, 3),
        )
        each_step(metrics)
        if ends:
            if full:
                _judge(progress, full[0])
            each_epoch(metrics)
        between()


def out_of_patience(course: Course, progress: Progress) -> bool:
    """Tell whether validation has not got better for as long as the course waits."""
    return course.patience is not None and progress.stale >= course.patience


def _judge(progress: Progress, loss: float) -> None:
    if progress.best_loss is None or loss < progress.best_loss:
        progress.best_loss, progress.best_step, progress.stale = loss, progress.step, 0
    else:
        progress.stale += 1


def _finite(means: tuple[float, float], step: int) -> tuple[float, float]:
    if math.isfinite(means[0]):
        return means
    raise TrainingProblem(
        f"The loss was no longer a number at step {step}: use a smaller learning_rate_multiplier.",
        code="training_diverged",
        param="hyperparameters.learning_rate_multiplier",
    )


def _sample(course: Course, turn: int) -> list[Example]:
    """Return one batch of validation examples, another each time."""
    size = course.batch_size
    start = turn * size % max(1, len(course.valid) - size + 1)
    return list(course.valid[start : start + size])
