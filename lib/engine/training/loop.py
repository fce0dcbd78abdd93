"""The training loop: batches in, metric lines and checkpoints out.

A plain loop of torch, chosen by measurement (`python -m tests.bench.training`): on `starter` it trains 18,800 tokens a
second, as many as a loop that does nothing but learn, where `transformers.Trainer` trains 15,400 with the same batches
and optimizers. Trainer would also need a wrapper around two optimizers, a subclass for token accuracy at every step,
and its own way to skip data on resume; TRL's SFTTrainer sits on top of it and needs one more library.

Promises that a resumed loop does what an uninterrupted one would have done: the order of data and the learning rate
follow from the step number, the optimizers and random state come from the checkpoint. Knows neither files nor wire.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import functional

from lib.engine.training.checkpoint import Progress
from lib.engine.training.data import IGNORED, Example, batch_plan, collate, micro_batches, pack
from lib.engine.training.optim import USUAL, Schedule, set_rate
from lib.engine.training.report import Metrics

CLIP = 1.0
LOGITS_LIMIT = 2**27
"""Most numbers in one batch's logits (512 MiB in 32 bits); a larger batch is worked through in parts."""

SAMPLES_PER_EPOCH = 8
"""How often within an epoch one batch of validation examples is looked at."""


@dataclass
class Tally:
    """Summed loss, hits and count over trained tokens."""

    loss: float = 0.0
    hits: int = 0
    count: int = 0

    def add(self, loss: torch.Tensor, hits: torch.Tensor, count: int) -> None:
        """Add one batch."""
        self.loss += float(loss.detach())
        self.hits += int(hits)
        self.count += count

    @property
    def means(self) -> tuple[float, float]:
        """Return loss and accuracy per token."""
        return self.loss / self.count, self.hits / self.count


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
        base = model.get_base_model() if hasattr(model, "get_base_model") else model
        self._keeps = "logits_to_keep" in inspect.signature(base.forward).parameters
        self._token_limit = max(512, LOGITS_LIMIT // base.config.get_text_config().vocab_size)

    def step(self, examples: Sequence[Any], optimizers: Sequence[torch.optim.Optimizer]) -> Tally:
        """Learn from one batch, in parts if it is large."""
        tally = Tally()
        whole = self.weigh(examples)
        for part in self.parts(examples):
            loss, hits, count = self.loss(part)
            (loss / whole).backward()
            tally.add(loss, hits, count)
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
            for part in self.parts(alike[start : start + size]):
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
        extra = {"logits_to_keep": places.to(self.device)} if self._keeps else {}
        if batch.positions is not None:
            extra["position_ids"] = batch.positions.to(self.device)
        with self._precision():
            logits = self.model(input_ids=batch.ids.to(self.device), use_cache=False, **extra).logits
        if not self._keeps:
            logits = logits[:, places]
        mask = targets[:, places] != IGNORED
        owners = batch.owners[:, places][mask]
        mask, wanted = mask.to(self.device), targets[:, places].to(self.device)
        return logits[mask].float(), wanted[mask], owners.to(self.device)

    def _precision(self) -> AbstractContextManager[Any]:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=has_bf16(self.device))


def has_bf16(device: torch.device) -> bool:
    """Tell whether bfloat16 multiplies faster here than float32 (it is emulated on older processors)."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported()
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()


@dataclass(frozen=True)
class Course:
    """Everything fixed about a run."""

    train: Sequence[Example]
    valid: Sequence[Example]
    n_epochs: int
    batch_size: int
    seed: int
    schedule: Schedule = USUAL

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


def run(
    learner: Learner,
    optimizers: Sequence[torch.optim.Optimizer],
    course: Course,
    progress: Progress,
    each_step: Callable[[Metrics], None],
    each_epoch: Callable[[Metrics], None],
) -> None:
    """Train from where `progress` stands to the end."""
    learner.model.train()
    per_epoch = course.steps_per_epoch
    sample_every = max(10, per_epoch // SAMPLES_PER_EPOCH)
    mark = time.monotonic() - progress.seconds
    for step, epoch, examples in course.batches(progress.step):
        set_rate(optimizers, step - 1, course.total_steps, course.schedule)
        train = learner.step(examples, optimizers).means
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
            if full and (progress.best_loss is None or full[0] < progress.best_loss):
                progress.best_loss, progress.best_step = full[0], step
            each_epoch(metrics)


def _sample(course: Course, turn: int) -> list[Example]:
    """Return one batch of validation examples, another each time."""
    size = course.batch_size
    start = turn * size % max(1, len(course.valid) - size + 1)
    return list(course.valid[start : start + size])
