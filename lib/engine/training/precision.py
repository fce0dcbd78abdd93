"""Which weights are held in 16 bits, and whether to multiply in them. Knows modules and processors, no training."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn


def has_bf16(device: torch.device) -> bool:
    """Tell whether bfloat16 multiplies faster here than float32 (it is emulated on older processors)."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()


def shorten_frozen(model: Any) -> None:
    """Hold the matrices that nobody trains in the 16 bits that they are multiplied in.

    The results are the same to the last bit: autocast rounds them so at every step anyway, which costs a pass over
    memory and a copy. Embeddings stay, also where the head shares theirs: they are added up, not only multiplied.
    """
    shared = {module.weight for module in model.modules() if isinstance(module, nn.Embedding)}
    for module in model.modules():
        if isinstance(module, nn.Linear) and not module.weight.requires_grad and module.weight not in shared:
            module.weight.data = module.weight.data.to(torch.bfloat16)
            if module.bias is not None and not module.bias.requires_grad:
                module.bias.data = module.bias.data.to(torch.bfloat16)
