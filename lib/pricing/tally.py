"""What was counted over a set of examples: totals, who said it, and how long each example is.

Counts of the pieces of a file are merged in the order of the pieces. Knows no tokenizer.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Self


@dataclass(frozen=True)
class Bin:
    """One bar of the histogram of lengths: examples of `low` up to, but not including, `high` tokens."""

    low: int
    high: int
    examples: int


@dataclass
class TokenCount:
    """Tokens of a set of examples. `completion` is what the model learns to write; `prompt` is all the rest.

    The sum of `roles`, `tools` and `frame` is `total`.
    """

    prompt: int = 0
    completion: int = 0
    tools: int = 0
    """Tokens of tool descriptions; part of `prompt`."""
    frame: int = 0
    """Tokens that belong to nobody: what a format or chat template puts around an example; part of `prompt`."""
    roles: Counter[str] = field(default_factory=Counter)
    """Role -> tokens of its messages; `prompt` and `completion` where there are no messages."""
    per_example: array[int] = field(default_factory=lambda: array("I"))
    """Tokens of each example, in the order of the records."""
    tokenizer: str = ""
    """What counted: the name of an encoding, "characters" or a path; empty where that is not known."""
    approximate: int = 0
    """Examples whose count is close but not what the trainer will see."""

    @property
    def total(self) -> int:
        """Return all tokens."""
        return self.prompt + self.completion

    @property
    def examples(self) -> int:
        """Return how many examples were counted."""
        return len(self.per_example)

    @property
    def longest(self) -> int:
        """Return the tokens of the longest example."""
        return max(self.per_example, default=0)

    def merge(self, other: Self) -> Self:
        """Add the count of the records that follow; return this count."""
        self.prompt += other.prompt
        self.completion += other.completion
        self.tools += other.tools
        self.frame += other.frame
        self.roles.update(other.roles)
        self.per_example.extend(other.per_example)
        self.tokenizer = self.tokenizer or other.tokenizer
        self.approximate += other.approximate
        return self

    def over(self, limit: int) -> int:
        """Return how many examples are longer than `limit`."""
        return sum(tokens > limit for tokens in self.per_example)

    def within(self, limit: int | None) -> int:
        """Return all tokens when each example is cut at `limit`."""
        if limit is None:
            return self.total
        return sum(min(limit, tokens) for tokens in self.per_example)

    def percentiles(self, shares: Sequence[float] = (0.5, 0.9, 0.99)) -> list[int]:
        """Return the lengths that these shares of the examples don't exceed; zeros when there is no example."""
        ordered = sorted(self.per_example)
        if not ordered:
            return [0 for _ in shares]
        return [ordered[max(0, -int(-share * len(ordered) // 1) - 1)] for share in shares]

    def bins(self, most: int = 30, limit: int | None = None) -> list[Bin]:
        """Return at most `most` bars of equal width, a round number of tokens wide, from 0 to the longest example.

        With a `limit` the bars reach at least as far as it, so that it can be drawn in.
        """
        if not self.per_example:
            return []
        reach = max(self.longest, limit or 0) + 1
        width = _round_width(reach, most)
        counted = Counter(tokens // width for tokens in self.per_example)
        edges = range(0, (reach - 1) // width * width + 2 * width, width)
        return [Bin(low, high, counted[low // width]) for low, high in pairwise(edges)]


def _round_width(reach: int, most: int) -> int:
    """Return the smallest of 1, 2, 5, 10, 20, 50, ... by which `most` bars cover `reach` tokens."""
    scale = 1
    while True:
        for step in (1, 2, 5):
            if step * scale * most >= reach:
                return step * scale
        scale *= 10
