"""What a job will cost, or how many minutes it will take, before it runs.

Hosted services bill the tokens of the training file times the epochs; an example longer than the model's context counts
as the context, because the rest is cut off. Some bill each pass over the validation file too. An estimate remembers the
price it was made with, and whether the user set it, so that it can be read later beside the actual bill.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date
from typing import Any, Literal, Self, TypeAlias

from lib.pricing.catalogue import CatalogueModel, models
from lib.pricing.epochs import default_epochs
from lib.pricing.tally import TokenCount

Method: TypeAlias = Literal["supervised", "dpo"]
Prices: TypeAlias = Mapping[str, float]
"""`SERVICE:MODEL` -> price per million training tokens that the user set in place of the catalogue's."""

MILLION = 1_000_000


@dataclass(frozen=True)
class Estimate:
    """Tokens and what they cost. `dollars` is None where no price is known, `minutes` where no speed is."""

    epochs: int
    billed_tokens: int
    """Training and, where they are billed, validation tokens of all passes."""
    dollars: float | None
    """In `currency`, which is US dollars for all services but one."""
    minutes: float | None
    price_per_mtok: float | None
    price_source: str
    """Page the price was read on; empty for a price that the user set."""
    price_date: date | None
    currency: str = "USD"
    edited: bool = False
    """Whether the user set the price."""
    validation_tokens: int = 0
    """The part of `billed_tokens` that is validation."""
    approximate: bool = False
    """Whether the tokens were counted as another model splits text, or validation may be billed beside them."""

    def to_json(self) -> dict[str, Any]:
        """Return a record that `from_json` turns back into this estimate."""
        return {**asdict(self), "price_date": self.price_date.isoformat() if self.price_date else None}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        """Rebuild a stored estimate; keys that this version does not know are left out."""
        known = {field.name: record[field.name] for field in fields(cls) if field.name in record}
        day = known["price_date"]
        return cls(**{**known, "price_date": date.fromisoformat(day) if day else None})


@dataclass(frozen=True)
class Quote:
    """One model's estimate beside the others'."""

    model: CatalogueModel
    estimate: Estimate


def billed_tokens(count: TokenCount, epochs: int, limit: int | None = None) -> int:
    """Return the tokens that `epochs` passes over the examples are billed for, each example cut at `limit`."""
    return epochs * count.within(limit)


def estimate_hosted(
    count: TokenCount,
    model: CatalogueModel,
    epochs: int,
    *,
    validation: TokenCount | None = None,
    evaluations: int | None = None,
    method: Method = "supervised",
    prices: Prices | None = None,
) -> Estimate:
    """Return what a hosted service will bill. No service promises how long a job takes, nor do we.

    Args:
        count: tokens of the training file.
        model: who is to learn from it.
        epochs: passes over it.
        validation: tokens of the validation file, billed by some services.
        evaluations: passes over the validation file; one for each epoch unless said.
        method: a preference job costs more than a supervised one at some services.
        prices: prices the user set, which count before the catalogue's. They are of the method that is asked for.
    """
    passes = epochs if evaluations is None else evaluations
    charged = validation is not None and model.billing.validation
    validated = passes * validation.within(model.context) if validation and charged else 0
    billed = billed_tokens(count, epochs, model.context) + validated
    edited = model.name in (prices or {})
    price = prices[model.name] if prices and edited else _price(model, method)
    dollars = None if price is None else max(billed * price / MILLION, model.billing.minimum or 0.0)
    return Estimate(
        epochs=epochs,
        billed_tokens=billed,
        dollars=dollars,
        minutes=None,
        price_per_mtok=price,
        price_source="" if edited else model.source,
        price_date=None if edited else model.read_on,
        currency=model.billing.currency,
        edited=edited,
        validation_tokens=validated,
        approximate=_approximate(count, model) or (validation is not None and model.billing.validation is None),
    )


def compare(
    count: TokenCount,
    n_examples: int,
    *,
    epochs: int | None = None,
    validation: TokenCount | None = None,
    method: Method = "supervised",
    prices: Prices | None = None,
    today: date | None = None,
) -> list[Quote]:
    """Return what every hosted model that can still be tuned by a method would cost: the cheapest first, unpriced last.

    Without `epochs` each model's own rule decides. A count of another tokenizer than a model's marks its estimate as
    approximate.
    """
    quotes = [
        Quote(
            model,
            estimate_hosted(
                count,
                model,
                epochs or default_epochs(n_examples, model),
                validation=validation,
                method=method,
                prices=prices,
            ),
        )
        for model in models()
        if method in model.methods and not model.is_retired(today)
    ]
    return sorted(quotes, key=lambda quote: (quote.estimate.dollars is None, quote.estimate.dollars or 0.0))


def estimate_engine(count: TokenCount, epochs: int, tokens_per_second: float, overhead_s: float = 0.0) -> Estimate:
    """Return the minutes a job on the engine takes, from the speed its last job was measured at. It bills nothing."""
    trained = billed_tokens(count, epochs)
    minutes = (overhead_s + trained / tokens_per_second) / 60 if tokens_per_second > 0 else None
    return Estimate(epochs, trained, None, minutes, None, "", None)


def _price(model: CatalogueModel, method: Method) -> float | None:
    """Return the price of a million training tokens by a method; None where either part of it is not published."""
    factor = model.billing.dpo if method == "dpo" else 1.0
    if model.train_per_mtok is None or factor is None:
        return None
    return model.train_per_mtok * factor


def _approximate(count: TokenCount, model: CatalogueModel) -> bool:
    return bool(count.tokenizer) and count.tokenizer != model.encoding
