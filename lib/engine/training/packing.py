"""Whether a model keeps packed examples apart, found out by asking it: no list of architectures would stay true.

`data.pack` puts examples behind one another; a model that starts attention anew where positions begin anew reads each
as if it stood alone. Some do not: a convolution, for one, looks over the border.
"""

from __future__ import annotations

from typing import Any

import torch

CLOSE = 1e-3
"""Largest difference of a logit, relative to the largest one, that another order of adding up explains."""


@torch.no_grad()
def packs(model: Any) -> bool:
    """Tell whether an example reads the same whatever stands before it, and as it does alone."""
    device = next(model.parameters()).device
    example = torch.arange(3, 9, device=device)
    before = [torch.full((7,), token, device=device) for token in (1, 2)]
    positions = torch.cat([torch.arange(7, device=device), torch.arange(6, device=device)]).unsqueeze(0)
    was_training = model.training
    model.eval()
    try:
        alone = model(input_ids=example.unsqueeze(0), use_cache=False).logits[0]
        behind = [
            model(input_ids=torch.cat([other, example]).unsqueeze(0), position_ids=positions, use_cache=False).logits[0]
            for other in before
        ]
    except TypeError:  # a model that takes no positions
        return False
    finally:
        model.train(was_training)
    one, other = (logits[7:] for logits in behind)
    # What is masked counts for nothing at all, so the two are equal but for the last bit or two.
    return torch.allclose(one, other, rtol=0, atol=1e-6) and bool(
        (alone - one).abs().max() <= CLOSE * alone.abs().max()
    )
