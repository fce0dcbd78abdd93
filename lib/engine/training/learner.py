"""A model with its loss: what one step and one evaluation do with a batch of examples.

Promises the gradient of the batch's mean loss, exactly, however the batch is cut into parts and shared out over
processes; that nobody waits for a GPU but once a step, when its figures are read; and that evaluating changes nothing.
Knows neither steps nor epochs.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import functional

from lib.engine.training import parallel
from lib.engine.training.data import IGNORED, Example, collate, micro_batches, pack
from lib.engine.training.precision import has_bf16, shorten_frozen

CLIP = 1.0
LOGITS_LIMIT = 2**27
"""Most numbers in one batch's logits (512 MiB in 32 bits); a larger batch is worked through in parts."""

DENSE = 0.8
"""Share of trained places in a stretch from which on logits are made for all of it."""


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

        Logits are made only where some example is trained, or close by.
        """
        batch = (pack if self.packed else collate)(examples, self.padding)
        targets = functional.pad(batch.labels[:, 1:], (0, 1), value=IGNORED)
        places = _places(targets)
        there = places if isinstance(places, slice) else self._there(places)
        extra = {"logits_to_keep": there} if self._keeps else {}
        if batch.positions is not None:
            extra["position_ids"] = self._there(batch.positions)
        with self._precision():
            logits = self.model(input_ids=self._there(batch.ids), use_cache=False, **extra).logits
        if not self._keeps:
            logits = logits[:, there]
        targets = targets[:, places].flatten()
        chosen = (targets != IGNORED).nonzero().squeeze(1)  # found here: a GPU asked for it would have to be waited for
        owners = batch.owners[:, places].flatten()[chosen]
        rows = logits.flatten(0, 1)
        if len(chosen) < len(rows):
            rows = rows.index_select(0, self._there(chosen))  # an index in brackets is slower on the way back
        return rows.float(), self._there(targets[chosen]), self._there(owners)

    def _there(self, tensor: torch.Tensor) -> torch.Tensor:
        """Send a tensor to where the model is, without waiting for its arrival."""
        return tensor.pin_memory().to(self.device, non_blocking=True) if self.device.type == "cuda" else tensor

    def _precision(self) -> AbstractContextManager[Any]:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self._short)


def _places(targets: torch.Tensor) -> slice | torch.Tensor:
    """Return the columns where some row is trained: as a stretch, which is faster, unless that makes much waste."""
    columns = (targets != IGNORED).any(0).nonzero().squeeze(1)
    first, behind = int(columns[0]), int(columns[-1]) + 1
    return slice(first, behind) if len(columns) >= DENSE * (behind - first) else columns
