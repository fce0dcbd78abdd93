"""Whether a model keeps packed examples apart, found out by asking it: no list of architectures would stay true.

`data.pack` puts examples behind one another; a model that starts attention anew where positions begin anew reads each
as if it stood alone. Some do not: a convolution, for one, looks over the border.
"""

from __future__ import annotations

from typing import Any

import torch

CLOSE = 1e-3
"""Largest difference of a logit, relative to the largest one, that rounding explains."""


@torch.no_grad()
def packs(model: Any) -> bool:
    """Tell whether a second example behind a first one gets the logits that it gets alone."""
    device = next(model.parameters()).device
    first, second = torch.arange(1, 8, device=device), torch.arange(3, 9, device=device)
    positions = torch.cat([torch.arange(len(part), device=device) for part in (first, second)]).unsqueeze(0)
    was_training = model.training
    model.eval()
    try:
        alone = model(input_ids=second.unsqueeze(0), use_cache=False).logits[0]
        both = torch.cat([first, second]).unsqueeze(0)
        packed = model(input_ids=both, position_ids=positions, use_cache=False).logits[0, len(first) :]
    except TypeError:  # a model that takes no positions
        return False
    finally:
        model.train(was_training)
    return bool((alone - packed).abs().max() <= CLOSE * alone.abs().max())
