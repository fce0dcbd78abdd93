"""Choosing an answer's next token: everything that depends on that answer's own past.

Promises that the same seed draws the same tokens, whoever else is writing: each answer has a random generator of its
own. Knows scores and token ids; nothing about models or text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from lib.engine.serving.models import Loaded
from lib.engine.serving.protocol import Request


@dataclass(frozen=True)
class Choice:
    """A token, and, where they were asked for, its log-probability and those of the likeliest."""

    token: int
    logprob: float | None = None
    top: list[tuple[int, float]] | None = None


class Sampler:
    """The choices of one answer, in order."""

    def __init__(self, request: Request, _loaded: Loaded, _prompt_ids: Sequence[int], index: int) -> None:
        self._request = request
        self._random = torch.Generator()
        if request.seed is None:
            self._random.seed()
        else:
            self._random.manual_seed((request.seed + index) % 2**63)

    @property
    def plain(self) -> bool:
        """Tell whether the likeliest token is always the choice, so that a batch can choose for all at once."""
        return self._request.temperature <= 0

    def choose(self, logits: torch.Tensor) -> Choice:
        """Choose from scores of shape (vocabulary,), float."""
        if self.plain:
            return Choice(int(logits.argmax()))
        return Choice(sample(logits.cpu() / self._request.temperature, self._request.top_p, self._random))


def sample(scores: torch.Tensor, top_p: float, random: torch.Generator) -> int:
    """Draw a token from the smallest set of tokens whose probabilities add up to `top_p`."""
    if top_p >= 1:
        return int(torch.multinomial(scores.softmax(-1), 1, generator=random))
    probabilities, order = scores.softmax(-1).sort(descending=True)
    before = probabilities.cumsum(-1) - probabilities
    kept = probabilities * (before < top_p)
    kept[0] = probabilities[0]
    return int(order[torch.multinomial(kept, 1, generator=random)])
