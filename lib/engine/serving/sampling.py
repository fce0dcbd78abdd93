"""Choosing an answer's next token: everything that depends on that answer's own past.

Promises that the same seed draws the same tokens, whoever else is writing: each answer has a random generator of its
own. Log-probabilities are the model's, before temperature, penalties, biases and forms change what is drawn. Knows
scores and token ids; nothing about models or text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from lib.engine.serving.constrain import constraint
from lib.engine.serving.models import Loaded
from lib.engine.serving.protocol import Request

COLD = 1e-5
"""Temperature up to which the likeliest token is the choice: dividing by less overflows."""

LIKELY = 256
"""Tokens looked at first for `top_p`: nearly always enough, and sorting them all takes five times as long or more."""


@dataclass(frozen=True)
class Choice:
    """A token, and, where they were asked for, its log-probability and those of the likeliest."""

    token: int
    logprob: float | None = None
    top: list[tuple[int, float]] | None = None
    last: bool = False
    """Whether the form of the answer is complete: nothing can follow."""


class Sampler:
    """The choices of one answer, in order."""

    def __init__(self, request: Request, loaded: Loaded, _prompt_ids: Sequence[int], index: int) -> None:
        self._request = request
        self._random = torch.Generator()
        if request.seed is None:
            self._random.seed()
        else:
            self._random.manual_seed((request.seed + index) % 2**63)
        self._constraint = constraint(loaded, request)
        self._drawn: set[int] = set()
        self._extra: torch.Tensor | None = None
        """What biases and penalties add to the scores, (vocabulary,); made with the first scores."""
        self._penalised = bool(request.frequency_penalty or request.presence_penalty)
        self._shaped = self._constraint is not None or self._penalised or bool(request.logit_bias)
        self.plain = request.temperature <= COLD and not self._shaped and request.logprobs is None
        """Whether the likeliest token is always the choice, so that a batch can choose for all at once."""

    def choose(self, logits: torch.Tensor) -> Choice:
        """Choose from scores of shape (vocabulary,), float; they are not changed."""
        if self.plain:
            return Choice(int(logits.argmax()))
        logits = logits.cpu()
        token = self._draw(self._shape(logits) if self._shaped else logits)
        last = self._note(token) if self._shaped else False
        if self._request.logprobs is None:
            return Choice(token, last=last)
        logprobs = logits.log_softmax(-1)
        return Choice(token, float(logprobs[token]), likeliest(logprobs, self._request.logprobs), last)

    def _draw(self, scores: torch.Tensor) -> int:
        if self._request.temperature <= COLD:
            return int(scores.argmax())
        return sample(scores / self._request.temperature, self._request.top_p, self._random)

    def _shape(self, logits: torch.Tensor) -> torch.Tensor:
        """Return scores with biases and penalties added, and what the form forbids ruled out.

        A token that was drawn `c` times loses `c * frequency + presence`: OpenAI's formula
        (https://platform.openai.com/docs/guides/text, frequency and presence penalties). The prompt does not count.
        """
        scores = logits
        if self._penalised or self._request.logit_bias:
            scores = logits + self._added(len(logits))
        return self._constraint.allow(scores) if self._constraint else scores

    def _added(self, size: int) -> torch.Tensor:
        if self._extra is None:
            self._extra = torch.zeros(size)
            for token, bias in self._request.logit_bias.items():
                self._extra[token] = bias
        return self._extra

    def _note(self, token: int) -> bool:
        """Remember a token; tell whether it was the last that the form allows."""
        if self._penalised and self._extra is not None:
            first = token not in self._drawn
            self._drawn.add(token)
            self._extra[token] -= self._request.frequency_penalty + first * self._request.presence_penalty
        if self._constraint is None:
            return False
        self._constraint.take(token)
        return self._constraint.complete


def likeliest(logprobs: torch.Tensor, count: int) -> list[tuple[int, float]]:
    """Return the `count` likeliest tokens with their log-probabilities, likeliest first."""
    values, tokens = logprobs.topk(min(count, len(logprobs)))
    return list(zip(tokens.tolist(), values.tolist(), strict=True))


def sample(scores: torch.Tensor, top_p: float, random: torch.Generator) -> int:
    """Draw a token from the smallest set of tokens whose probabilities add up to `top_p`."""
    probabilities = scores.softmax(-1)
    if top_p >= 1:
        return draw(probabilities, random)
    likely, order = probabilities.topk(min(LIKELY, len(probabilities)))
    if likely.sum() < top_p:
        likely, order = probabilities.sort(descending=True)
    before = likely.cumsum(-1) - likely
    kept = likely * (before < top_p)
    kept[0] = likely[0]
    return int(order[draw(kept, random)])


def draw(weights: torch.Tensor, random: torch.Generator) -> int:
    """Draw an index by weight. `torch.multinomial` draws a number for each weight, which takes seven times as long."""
    edges = weights.cumsum(-1, dtype=torch.float64)
    point = torch.rand(1, generator=random, dtype=torch.float64) * edges[-1]
    return int(torch.searchsorted(edges, point, right=True).clamp(max=len(weights) - 1))
