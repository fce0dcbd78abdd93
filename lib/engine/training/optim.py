"""Optimizers and the learning rate over time. Knows parameters and step numbers, nothing about data or files."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import torch
from torch import nn

WARMUP = 0.03
"""Share of the steps in which the learning rate rises."""


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


def set_rate(chosen: Iterable[torch.optim.Optimizer], step: int, total: int) -> None:
    """Set the learning rate of the step (counted from 0): a short rise, then a half cosine down to a hundredth.

    It depends on the step alone, so a resumed job needs no scheduler state.
    """
    rise = max(1, round(total * WARMUP))
    fall = (step - rise) / max(1, total - rise)
    factor = (step + 1) / rise if step < rise else 0.01 + 0.99 * (1 + math.cos(math.pi * fall)) / 2
    for optimizer in chosen:
        for group in optimizer.param_groups:
            group["lr"] = group["height"] * factor
