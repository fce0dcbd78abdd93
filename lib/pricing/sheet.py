"""A batch of examples taken apart into texts to be counted in one go, with where each one's tokens are booked.

Knows no tokenizer and no format.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Literal, TypeAlias

import numpy as np

from lib.pricing.tally import TokenCount

Kind: TypeAlias = Literal["prompt", "completion", "tools", "frame"]
Account: TypeAlias = tuple[Kind, str]
"""Where tokens are booked: the kind, and for prompt and completion whose they are."""


class Sheet:
    """Book the texts of one example after another, closing each with `close`; then `count` what they came to."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._accounts: dict[Account, int] = {}
        self._booked: list[int] = []
        self._fixed: dict[Account, int] = {}
        self._ends: list[int] = []
        self._extras: list[int] = []
        self._extra = 0

    def text(self, kind: Kind, whose: str, text: str) -> None:
        """Book the tokens of a text of the example at hand."""
        if text:
            self.texts.append(text)
            self._booked.append(self._accounts.setdefault((kind, whose), len(self._accounts)))

    def tokens(self, kind: Kind, whose: str, tokens: int) -> None:
        """Book a known number of tokens of the example at hand."""
        self._extra += tokens
        self._fixed[kind, whose] = self._fixed.get((kind, whose), 0) + tokens

    def close(self) -> None:
        """End the example at hand."""
        self._ends.append(len(self.texts))
        self._extras.append(self._extra)
        self._extra = 0

    def count(self, tokens: Sequence[int]) -> TokenCount:
        """Return the count of all closed examples; `tokens` are those of `texts`, one by one."""
        sizes = np.asarray(tokens, dtype=np.int64)
        sums = np.concatenate(([0], np.cumsum(sizes)))[self._ends]
        each = np.diff(sums, prepend=0) + self._extras if self._ends else sums
        counted = TokenCount(per_example=array("I", each.astype(np.uint32).tobytes()))
        booked = np.bincount(self._booked, weights=sizes, minlength=len(self._accounts)) if self._booked else sizes
        for (kind, whose), number in self._accounts.items():
            _book(counted, kind, whose, int(booked[number]))
        for (kind, whose), fixed in self._fixed.items():
            _book(counted, kind, whose, fixed)
        return counted


def _book(counted: TokenCount, kind: Kind, whose: str, tokens: int) -> None:
    if kind == "completion":
        counted.completion += tokens
    else:
        counted.prompt += tokens
    if kind == "tools":
        counted.tools += tokens
    elif kind == "frame":
        counted.frame += tokens
    else:
        counted.roles[whose] += tokens
