"""How many epochs "auto" means, by the rule that OpenAI's cookbook documents for its fine-tuning jobs."""

from __future__ import annotations

from lib.pricing.catalogue import CatalogueModel

TARGET = 3
FEWEST_PASSES, MOST_PASSES = 100, 25_000
"""A job shows the model at least 100 and at most 25,000 examples in all, as far as whole epochs allow."""
MOST_EPOCHS = 25


def default_epochs(n_examples: int, model: CatalogueModel | None = None) -> int:
    """Return the epochs a hosted job runs when none are asked for; models of the first API always ran theirs."""
    if model is not None and model.epochs is not None:
        return model.epochs
    if 0 < n_examples * TARGET < FEWEST_PASSES:
        return min(MOST_EPOCHS, FEWEST_PASSES // n_examples)
    if n_examples * TARGET > MOST_PASSES:
        return max(1, MOST_PASSES // n_examples)
    return TARGET
