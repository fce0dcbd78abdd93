"""Several processes that train one model together: each reads its share of every batch, all take the same step.

Alone, when nobody has set up torch's process group, every function here does nothing and costs nothing. Promises that
the shares of a batch are disjoint and make up the whole, and that every process comes out of `average` and `total`
with the same numbers to the last bit, so that the copies of the model never drift apart. Knows no Ray and no loop.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import torch
from torch import distributed

Item = TypeVar("Item")


def world() -> int:
    """Return how many processes train together; 1 when alone."""
    return distributed.get_world_size() if distributed.is_available() and distributed.is_initialized() else 1


def rank() -> int:
    """Return which of them this one is, from 0. The first one alone writes events, checkpoints and the model."""
    return distributed.get_rank() if world() > 1 else 0


def share(items: Sequence[Item]) -> Sequence[Item]:
    """Return this process's part of a batch; empty when there are fewer items than processes."""
    return items if world() == 1 else items[rank() :: world()]


def average(model: Any) -> None:
    """Make every process's gradients those of the whole batch.

    Each process must have divided the summed loss of its `share` by the count of the whole batch, not of the share;
    then the sum over processes is the average over the batch. A weight that got no gradient anywhere keeps none.
    """
    if world() == 1:
        return
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    for kind in sorted({(weight.dtype, weight.device) for weight in weights}, key=str):
        _sum_gradients([weight for weight in weights if (weight.dtype, weight.device) == kind])


def _sum_gradients(weights: Sequence[torch.nn.Parameter]) -> None:
    """Add up gradients over processes in one message: numbers first, then for each weight whether it has any."""
    parts = [torch.zeros_like(weight) if weight.grad is None else weight.grad for weight in weights]
    flags = parts[0].new_tensor([float(weight.grad is not None) for weight in weights])
    message = torch.cat([*(part.reshape(-1) for part in parts), flags])
    distributed.all_reduce(message)
    start = 0
    for weight, found in zip(weights, message[-len(weights) :].tolist(), strict=True):
        end = start + weight.numel()
        weight.grad = message[start:end].view_as(weight) if found else None
        start = end


def total(numbers: Iterable[float]) -> list[float]:
    """Return the sums over all processes of some numbers, such as a tally's loss, hits and count."""
    numbers = list(numbers)
    if world() == 1:
        return numbers
    device = "cuda" if distributed.get_backend() == "nccl" else "cpu"
    message = torch.tensor(numbers, dtype=torch.float64, device=device)
    distributed.all_reduce(message)
    return message.tolist()


def agreed(wish: bool) -> bool:
    """Tell whether any process wishes it. All must ask at the same place; they then all stop at the same step."""
    return bool(total([float(wish)])[0])
