"""What a job will cost in dollars, or take in minutes, before it runs.

Hosted services bill the tokens of the training file times the epochs; an example longer than the model's context
counts as the context, because the rest is cut off. Validation tokens are not billed by the services priced here.
An estimate remembers the price it was made with, so that it can be read later beside the actual bill.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Self

from lib.pricing.catalogue import CatalogueModel
from lib.pricing.tokens import TokenCount

MILLION = 1_000_000


@dataclass(frozen=True)
class Estimate:
    """Tokens and what they cost. `dollars` is None where no price is known, `minutes` where no speed is."""

    epochs: int
    billed_tokens: int
    dollars: float | None
    minutes: float | None
    price_per_mtok: float | None
    price_source: str
    price_date: date | None

    def to_json(self) -> dict[str, Any]:
        """Return a record that `from_json` turns back into this estimate."""
        return {**asdict(self), "price_date": self.price_date.isoformat() if self.price_date else None}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        """Rebuild a stored estimate; keys that this version does not know are left out."""
        known = {name: record[name] for name in cls.__dataclass_fields__}
        day = known["price_date"]
        return cls(**{**known, "price_date": date.fromisoformat(day) if day else None})


def billed_tokens(count: TokenCount, epochs: int, limit: int | None = None) -> int:
    """Return the tokens that `epochs` passes over the examples are billed for, each example cut at `limit`."""
    return epochs * count.within(limit)


def estimate_hosted(count: TokenCount, model: CatalogueModel, epochs: int) -> Estimate:
    """Return the dollars a hosted service will bill. No service promises how long a job takes, nor do we."""
    billed = billed_tokens(count, epochs, model.context)
    price = model.train_per_mtok
    dollars = None if price is None else billed * price / MILLION
    return Estimate(epochs, billed, dollars, None, price, model.source, model.read_on)


def estimate_engine(count: TokenCount, epochs: int, tokens_per_second: float, overhead_s: float = 0.0) -> Estimate:
    """Return the minutes a job on the engine takes, from the speed its last job was measured at. It bills nothing."""
    trained = billed_tokens(count, epochs)
    minutes = (overhead_s + trained / tokens_per_second) / 60 if tokens_per_second > 0 else None
    return Estimate(epochs, trained, None, minutes, None, "", None)
