"""`python -m tests.bench.training`: our training loop beside the alternatives, on the same model and batches.

Ours tells loss, accuracy and progress at every step; the bare loop of torch does nothing but forward, backward and
step; `transformers.Trainer` gets the same optimizers. They are measured in turns, in the same run.
"""

from __future__ import annotations

import copy
import random
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from transformers import Trainer, TrainingArguments
from transformers.utils import logging

from lib.engine.training.checkpoint import Progress
from lib.engine.training.data import Example, batch_plan, collate, encode
from lib.engine.training.loop import Course, Learner, run
from lib.engine.training.optim import optimizers, set_rate
from lib.engine.training.plan import Method, auto_rates
from lib.engine.training.starter import make_model
from lib.engine.training.tokenizer import train_tokenizer
from tests.bench.figures import HEADER, Figure

EXAMPLES, BATCH, ROUNDS = 48, 4, 4


@dataclass(frozen=True)
class Material:
    """A model and examples to train it on."""

    model: Any
    tokenizer: Any
    examples: Sequence[Example]

    @property
    def tokens(self) -> int:
        return sum(len(example.ids) for example in self.examples)


def material() -> Material:
    """Make a starter model and examples of the size of short stories."""
    chance = random.Random(0)  # noqa: S311
    letters = [chr(0x4E00 + i) for i in range(1_500)]
    texts = ["".join(chance.choices(letters, k=300)) for _ in range(EXAMPLES)]
    tokenizer = train_tokenizer([*texts, "".join(letters) * 2])
    records = [(i, {"prompt": "甲,乙 ->", "completion": text}) for i, text in enumerate(texts)]
    return Material(make_model(tokenizer, 0), tokenizer, encode(tokenizer, records, 2_048, "training_file")[0])


def bare(stuff: Material) -> None:
    """Train an epoch with the least code there is."""
    model, rates = stuff.model, auto_rates(Method.SCRATCH, 0)
    chosen = optimizers(model, rates)
    plan = batch_plan([len(example.ids) for example in stuff.examples], BATCH, 0, 0)
    for step, batch in enumerate(plan):
        sides = collate([stuff.examples[i] for i in batch], 0)
        with torch.autocast("cpu", torch.bfloat16):
            logits = model(input_ids=sides.ids, use_cache=False).logits
        loss = torch.nn.functional.cross_entropy(logits[:, :-1].float().flatten(0, 1), sides.labels[:, 1:].flatten())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        set_rate(chosen, step, len(plan))
        for optimizer in chosen:
            optimizer.step()
            optimizer.zero_grad()


def ours(stuff: Material) -> None:
    """Train an epoch as a job does."""
    course = Course(stuff.examples, [], n_epochs=1, batch_size=BATCH, seed=0)
    chosen = optimizers(stuff.model, auto_rates(Method.SCRATCH, 0))
    run(Learner(stuff.model, 0), chosen, course, Progress(), lambda _: None, lambda _: None)


class Both(torch.optim.Optimizer):
    """The two optimizers as one, which is all that Trainer takes."""

    def __init__(self, chosen: Sequence[torch.optim.Optimizer]) -> None:
        self.chosen = chosen
        super().__init__([p for o in chosen for g in o.param_groups for p in g["params"]], {"lr": 1.0})

    def step(self, closure: Any = None) -> None:
        for optimizer in self.chosen:
            optimizer.step(closure)


def library(stuff: Material) -> None:
    """Train an epoch with transformers.Trainer, told to log every step."""
    chosen = Both(optimizers(stuff.model, auto_rates(Method.SCRATCH, 0)))
    schedule = torch.optim.lr_scheduler.LambdaLR(chosen, lambda _: 1.0)

    def side_by_side(examples: list[dict[str, Example]]) -> dict[str, torch.Tensor]:
        batch = collate([example["example"] for example in examples], 0)
        return {"input_ids": batch.ids, "labels": batch.labels}

    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            folder,
            per_device_train_batch_size=BATCH,
            num_train_epochs=1,
            bf16=True,
            logging_steps=1,
            save_strategy="no",
            report_to=[],
            disable_tqdm=True,
            remove_unused_columns=False,
            use_cpu=True,
        )
        data: Any = [{"example": example} for example in stuff.examples]
        trainer = Trainer(
            stuff.model, arguments, data_collator=side_by_side, train_dataset=data, optimizers=(chosen, schedule)
        )
        trainer.pop_callback(trainer.callback_handler.callbacks[-1])  # it prints every step
        trainer.train()


def measure() -> Iterator[Figure]:
    """Yield our tokens per second against the bare loop's and Trainer's, each the best of a few turns."""
    logging.set_verbosity_error()
    stuff = material()
    ways: dict[str, Callable[[Material], None]] = {"bare": bare, "ours": ours, "library": library}
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            fresh = Material(copy.deepcopy(stuff.model), stuff.tokenizer, stuff.examples)
            started = time.perf_counter()
            way(fresh)
            seconds[name].append(time.perf_counter() - started)
    pace = {name: stuff.tokens / min(times) for name, times in seconds.items()}
    yield Figure("training `starter`", pace["ours"], pace["bare"], "tokens/s", "a bare torch loop")
    yield Figure("training `starter`", pace["ours"], pace["library"], "tokens/s", "transformers.Trainer")


if __name__ == "__main__":
    print(HEADER)
    for figure in measure():
        print(figure.row())
