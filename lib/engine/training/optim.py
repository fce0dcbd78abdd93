"""Optimizers and the learning rate over time. Knows parameters and step numbers, nothing about data or files."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import nn


@dataclass(frozen=True)
class Schedule:
    """The learning rate over the steps: a rise over a `warmup` share of them, then down to a hundredth, or level."""

    kind: Literal["cosine", "linear", "constant"] = "cosine"
    warmup: float = 0.03

    def factor(self, step: int, total: int) -> float:
        """Return the share of its height that the rate has at a step, counted from 0."""
        rise = round(total * self.warmup)
        if step < rise:
            return (step + 1) / rise
        done = (step - rise) / max(1, total - rise)
        match self.kind:
            case "cosine":
                return 0.01 + 0.99 * (1 + math.cos(math.pi * done)) / 2
            case "linear":
                return 0.01 + 0.99 * (1 - done)
            case "constant":
                return 1.0


USUAL = Schedule()


@dataclass(frozen=True)
class Rates:
    """Learning rates at their height. `muon` is None where AdamW moves everything."""

    adamw: float
    muon: float | None = None
    weight_decay: float = 0.01

    def times(self, factor: float) -> Rates:
        """Return these rates scaled by a learning-rate multiplier."""
        return replace(self, adamw=self.adamw * factor, muon=None if self.muon is None else self.muon * factor)


def optimizers(model: nn.Module, rates: Rates) -> list[torch.optim.Optimizer]:
    """Give each trainable weight its optimizer: matrices inside layers to Muon if it has a rate, the rest to AdamW."""
    matrices, others = _split(model.named_parameters()) if rates.muon is not None else ([], list(_trainable(model)))
    chosen: list[torch.optim.Optimizer] = [
        torch.optim.AdamW(others, lr=rates.adamw, betas=(0.9, 0.95), weight_decay=rates.weight_decay, fused=True)
    ]
    if matrices and rates.muon is not None:
        chosen.append(torch.optim.Muon(matrices, lr=rates.muon, weight_decay=rates.weight_decay))
    for optimizer in chosen:
        for group in optimizer.param_groups:
            group["height"] = group["lr"]
    return chosen


def _trainable(model: nn.Module) -> Iterable[nn.Parameter]:
    return (parameter for parameter in model.parameters() if parameter.requires_grad)


def _split(named: Iterable[tuple[str, nn.Parameter]]) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
    matrices: list[nn.Parameter] = []
    others: list[nn.Parameter] = []
    for name, parameter in named:
        if parameter.requires_grad:
            (matrices if parameter.ndim == 2 and ".layers." in name else others).append(parameter)
    return matrices, others


def set_rate(chosen: Iterable[torch.optim.Optimizer], step: int, total: int, schedule: Schedule = USUAL) -> None:
    """Set the learning rate of the step (counted from 0).

    It depends on the step alone, so a resumed job needs no scheduler state.
    """
    factor = schedule.factor(step, total)
    for optimizer in chosen:
        for group in optimizer.param_groups:
            group["lr"] = group["height"] * factor
