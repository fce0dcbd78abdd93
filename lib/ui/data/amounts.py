"""Numbers of tokens that were counted, or told from a sample with how far it may be off."""

from __future__ import annotations

from lib.i18n import _
from lib.pricing.sampled import from_sample
from lib.pricing.tokens import TokenCount
from lib.ui.format import number, percent

UNITS = ((1e9, "G"), (1e6, "M"), (1e3, "K"))


def told(count: TokenCount, share: float) -> str:
    """Return the tokens of the whole file from those of the part of it that was counted: "about 1.2 M ±3%"."""
    if share >= 1:
        return number(count.total)
    found = from_sample(count, share)
    band = percent(found.error, 0 if found.error >= 0.01 else 1)
    return _("about {n} ±{band}", n=rounded(found.likely), band=band)


def rounded(value: float) -> str:
    """Return a number with two or three figures that mean something: 1.2 M, 840 K."""
    for unit, name in UNITS:
        if value >= unit:
            return f"{number(value / unit, 1 if value < 100 * unit else 0)} {name}"
    return number(value)
