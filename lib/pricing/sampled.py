"""All tokens of a file from a sample of it, with how far off that may be.

The sample is taken in several places of the file, and rows that stand together are often alike. So the rows seen are
put into a few groups in their order, and it is the spread between the groups that says how far one more place would
have differed (batch means, with Student's t): 95 times of 100 the true figure lies within the band, provided the places
are spread over the file. `tests/pricing/test_sampled.py` counts how often it does.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, stdev

from lib.pricing.tally import TokenCount

GROUPS = 16
"""As many as the places a file is sampled in."""
STUDENT = (12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23, 2.20, 2.18, 2.16, 2.14, 2.13)
"""Quantiles of Student's t for 95 %, by degrees of freedom from 1."""


@dataclass(frozen=True)
class TokenRange:
    """Tokens of a whole file: the likely figure, and what it lies between 95 times of 100."""

    likely: int
    low: int
    high: int
    confidence: float = 0.95

    @property
    def error(self) -> float:
        """Return the half width of the band as a part of the likely figure."""
        return (self.high - self.low) / 2 / self.likely if self.likely else 0.0


def from_sample(count: TokenCount, share: float, groups: int = GROUPS) -> TokenRange:
    """Return the tokens of a file from the count of a sample that holds `share` (0 to 1) of its bytes.

    A share of 1 is the whole file and has no band. Fewer than two rows tell nothing about the spread: then the band
    reaches from what was seen to ten times the likely figure.
    """
    if share >= 1 or not count.per_example:
        return TokenRange(count.total, count.total, count.total)
    likely = round(count.total / share)
    if len(count.per_example) < 2:
        return TokenRange(likely, count.total, 10 * likely)
    half = round(likely * _relative_error(count.per_example, groups) * math.sqrt(1 - share))
    return TokenRange(likely, max(count.total, likely - half), likely + half)


def _relative_error(sizes: array[int], groups: int) -> float:
    means = [fmean(part) for part in _parts(sizes, groups)]
    between = STUDENT[len(means) - 2] * stdev(means) / math.sqrt(len(means))
    rows = 1.96 * stdev(sizes) / math.sqrt(len(sizes))
    return max(between, rows) / fmean(sizes)


def _parts(sizes: array[int], groups: int) -> Sequence[array[int]]:
    many = min(groups, len(sizes))
    edges = [len(sizes) * number // many for number in range(many + 1)]
    return [sizes[start:end] for start, end in pairwise(edges)]
