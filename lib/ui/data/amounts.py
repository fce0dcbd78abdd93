"""Numbers of tokens that were counted, or told from a sample with how far it may be off."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

from lib.i18n import _
from lib.pricing.tokens import TokenCount
from lib.ui.format import number, percent

SURE = 2
"""Standard errors on either side of a sample's mean: 95 of 100 samples are that close."""


@dataclass(frozen=True)
class Amount:
    """A number of tokens of the whole file; `band` is the part by which a sample may be off, 0 when all was counted."""

    tokens: float
    band: float = 0.0

    def told(self) -> str:
        """Return it as people say it: "12,345", or "about 1.2 M, ±3%"."""
        if not self.band:
            return number(self.tokens)
        return _("about {n} ±{band}", n=rounded(self.tokens), band=percent(self.band, 0 if self.band >= 0.01 else 1))


def amount(count: TokenCount, share: float) -> Amount:
    """Return the tokens of the whole file from those of the part of it that was counted."""
    if share >= 1 or not count.examples:
        return Amount(count.total)
    mean = count.total / count.examples
    spread = sqrt(sum((tokens - mean) ** 2 for tokens in count.per_example) / max(1, count.examples - 1))
    return Amount(count.total / share, SURE * spread / (mean * sqrt(count.examples)) if mean else 0.0)


def rounded(value: float) -> str:
    """Return a number with two or three figures that mean something: 1.2 M, 840 K."""
    for unit, name in ((1e9, "G"), (1e6, "M"), (1e3, "K")):
        if value >= unit:
            return f"{number(value / unit, 1 if value < 100 * unit else 0)} {name}"
    return number(value)
