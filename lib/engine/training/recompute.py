"""Gradient checkpointing: whether a layer's intermediate values are kept for the way back or computed anew.

Keeping them is faster by about a third; computing them anew needs a fraction of the memory. Knows a model's shape and
the memory that is free, no data but its longest part.
"""

from __future__ import annotations

from typing import Any

import psutil
import torch

BYTES = 34
"""Bytes that a transformer layer keeps per token and unit of width in 16 bits, without the attention matrix, which
torch's fused attention never writes: equation 1 of "Reducing Activation Recomputation" (arXiv 2205.05198)."""

SHARE = 0.5
"""Most of the free memory that kept values may fill; weights, gradients and logits need the rest."""


def kept_bytes(model: Any, tokens: int) -> int:
    """Return about how much memory the kept values of `tokens` tokens fill, in 32 bits: the worse case."""
    config = model.config.get_text_config()
    return 2 * BYTES * tokens * config.hidden_size * config.num_hidden_layers


def free_bytes(device: torch.device) -> int:
    """Return the memory that nobody uses on a device."""
    return torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else psutil.virtual_memory().available


def use(model: Any, asked: bool | None, tokens: int, device: torch.device) -> bool:
    """Switch it on if it is asked for, or needed when that is left to us; return whether it is on.

    A model that cannot do it goes without.
    """
    on = asked if asked is not None else kept_bytes(model, tokens) > SHARE * free_bytes(device)
    if not (on and getattr(model, "supports_gradient_checkpointing", False)):
        return False
    model.activation_checkpointing_enable({"use_reentrant": False})
    return True
