"""The training loop: batches in, metric lines and checkpoints out.

A plain loop of torch, chosen by measurement (`python -m tests.bench.training`): on `starter` it trains 18,800 tokens a
second, as many as a loop that does nothing but learn, where `transformers.Trainer` trains 15,400 with the same batches
and optimizers. Trainer would also need a wrapper around two optimizers, a subclass for token accuracy at every step,
and its own way to skip data on resume; TRL's SFTTrainer sits on top of it and needs one more library.

Promises that a resumed loop does what an uninterrupted one would have done: the order of data and the learning rate
follow from the step number, the optimizers and random state come from the checkpoint. Several processes may run it on
copies of one model (see `parallel`): each reads its share of every batch, all see the same figures. Knows neither files
nor wire.
"""

from __future__ import annotations

import inspect
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch.nn import functional

from lib.engine.training import parallel
from lib.engine.training.checkpoint import Progress
from lib.engine.training.data import IGNORED, Example, batch_plan, collate, micro_batches, pack
from lib.engine.training.optim import USUAL, Schedule, set_rate
from lib.engine.training.precision import has_bf16, shorten_frozen
from lib.engine.training.report import Metrics, TrainingProblem

CLIP = 1.0
LOGITS_LIMIT = 2**27
"""Most numbers in one batch's logits (512 MiB in 32 bits); a larger batch is worked through in parts."""

SAMPLES_PER_EPOCH = 8
"""How often within an epoch one batch of validation examples is looked at."""


@dataclass
class Tally:
    """Summed loss, hits and count over trained tokens; one reading for all of them, as a GPU stands still meanwhile."""

    sums: torch.Tensor | None = None
    """Loss and hits, where the model is, in 64 bits."""
    count: int = 0

    def add(self, loss: torch.Tensor, hits: torch.Tensor, count: int) -> None:
        """Add one batch."""
        both = torch.stack((loss.detach().double(), hits.double()))
        self.sums = both if self.sums is None else self.sums + both
        self.count += count

    @property
    def means(self) -> tuple[float, float]:
        """Return loss and accuracy per token, over all processes. Each must ask, in the same order."""
        here = [0.0, 0.0] if self.sums is None else self.sums.tolist()
        loss, hits, count = parallel.total([*here, self.count])
        return loss / count, hits / count


class Learns(Protocol):
    """What the loop asks of a model with its loss; `Learner` is the usual one."""

    @property
    def model(self) -> Any:
        """The model, a torch module."""

    def step(self, examples: Sequence[Any], optimizers: Sequence[torch.optim.Optimizer]) -> Tally:
        """Learn from one batch: exactly one step of each optimizer, with the gradient of the batch's mean loss."""

    def evaluate(self, examples: Sequence[Any], size: int) -> tuple[float, float]:
        """Return mean loss and accuracy over examples, `size` at a time; draw no random number, change no weight."""


class Learner:
    """A model with what is needed to feed it batches. `most` is how many examples go through it at once, if that is
    limited; `packed` puts them behind one another in one row instead of under one another, padded.
    """

    def __init__(
        self, model: Any, padding: int, clip: float = CLIP, *, most: int | None = None, packed: bool = False
    ) -> None:
        self.model = model
        self.padding = padding
        self.clip = clip
        self.most = most
        self.packed = packed
        self.device = next(model.parameters()).device
        self._short = has_bf16(self.device)
        if self._short:
            shorten_frozen(model)
        base = model.get_base_model() if hasattr(model, "get_base_model") else model
        self._keeps = "logits_to_keep" in inspect.signature(base.forward).parameters
        self._token_limit = max(512, LOGITS_LIMIT // base.config.get_text_config().vocab_size)

    def step(self, examples: Sequence[Any], optimizers: Sequence[torch.optim.Optimizer]) -> Tally:
        """Learn from one batch, in parts if it is large."""
        tally = Tally()
        whole = self.weigh(examples)
        for part in self.parts(parallel.share(examples)):
            loss, hits, count = self.loss(part)
            (loss / whole).backward()
            tally.add(loss, hits, count)
        parallel.average(self.model)
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.clip)
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad()
        return tally

    @torch.no_grad()
    def evaluate(self, examples: Sequence[Any], size: int) -> tuple[float, float]:
        """Return loss and accuracy over examples."""
        self.model.eval()
        tally = Tally()
        alike = sorted(examples, key=lambda example: len(example.ids))
        for start in range(0, len(alike), size):
            for part in self.parts(parallel.share(alike[start : start + size])):
                tally.add(*self.loss(part))
        self.model.train()
        return tally.means

    def parts(self, examples: Sequence[Any]) -> Iterator[Sequence[Any]]:
        """Split a batch into what goes through the model at once."""
        return micro_batches(examples, self._token_limit, self.most)

    def weigh(self, examples: Sequence[Any]) -> int:
        """Return what a batch's summed loss is divided by: its trained tokens."""
        return sum(sum(example.trained[1:]) for example in examples)

    def loss(self, examples: Sequence[Any]) -> tuple[torch.Tensor, torch.Tensor, int]:
        """Return summed loss, hits and count of what fits through the model at once."""
        chosen, wanted, _ = self.logits(examples)
        return (
            functional.cross_entropy(chosen, wanted, reduction="sum"),
            (chosen.argmax(-1) == wanted).sum(),
            len(wanted),
        )

    def logits(self, examples: Sequence[Example]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return logits [trained tokens, vocabulary], the tokens wanted there, and which example each belongs to.

        Logits are made only at places where some example is trained.
        """
        batch = (pack if self.packed else collate)(examples, self.padding)
        targets = functional.pad(batch.labels[:, 1:], (0, 1), value=IGNORED)
        places = (targets != IGNORED).any(0).nonzero().squeeze(1)
        extra = {"logits_to_keep": self._there(places)} if self._keeps else {}
        if batch.positions is not None:
            extra["position_ids"] = self._there(batch.positions)
        with self._precision():
            logits = self.model(input_ids=self._there(batch.ids), use_cache=False, **extra).logits
        if not self._keeps:
            logits = logits[:, self._there(places)]
        targets = targets[:, places].flatten()
        chosen = (targets != IGNORED).nonzero().squeeze(1)  # found here: a GPU asked for it would have to be waited for
        owners = batch.owners[:, places].flatten()[chosen]
        rows = logits.flatten(0, 1)[self._there(chosen)]
        return rows.float(), self._there(targets[chosen]), self._there(owners)

    def _there(self, tensor: torch.Tensor) -> torch.Tensor:
        """Send a tensor to where the model is, without waiting for its arrival."""
        return tensor.pin_memory().to(self.device, non_blocking=True) if self.device.type == "cuda" else tensor

    def _precision(self) -> AbstractContextManager[Any]:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self._short)


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

    @property
    def steps_per_epoch(self) -> int:
        """Number of batches in an epoch."""
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
