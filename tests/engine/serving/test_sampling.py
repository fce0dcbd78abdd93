from __future__ import annotations

from collections import Counter

import torch

from lib.engine.serving.sampling import sample


def test_top_p_keeps_the_likeliest_tokens_only() -> None:
    scores = torch.tensor([0.5, 0.3, 0.15, 0.05]).log()
    random = torch.Generator().manual_seed(1)
    drawn = Counter(sample(scores, 0.7, random) for _ in range(300))
    assert set(drawn) == {0, 1}
    assert drawn[0] > drawn[1]
    assert {sample(scores, 0.0, random) for _ in range(20)} == {0}
    assert set(Counter(sample(scores, 1.0, random) for _ in range(300))) == {0, 1, 2, 3}
