"""Tokens of examples, by the target model's own tokenizer.

Hosted models: tiktoken, offline, with what the chat format adds (`hosted_tokens`). Engine models: characters for
`starter`, whose tokenizer is made from the data and so does not exist yet (`engine_tokens`), else the model's own
tokenizer.json and chat template (`engine_model`), so that the count is what its trainer sees.
Text is never read as a special token: `<|endoftext|>` in a story is seven tokens of story.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Literal, TypeAlias

from lib.pricing import engine_model, engine_tokens, hosted_tokens
from lib.pricing.catalogue import find_named
from lib.pricing.encodings import BatchCounter, hosted_counter
from lib.pricing.errors import UnknownModel
from lib.pricing.sheet import Sheet
from lib.pricing.tally import Bin, TokenCount

__all__ = ["CHARACTERS", "Bin", "Kind", "TokenCount", "TokenMeter", "TokenModel", "count", "token_model"]

Kind: TypeAlias = Literal["hosted", "engine"]

CHARACTERS = "characters"
BATCH = 2_000
"""Examples measured in one go by `count`."""


@dataclass(frozen=True)
class TokenModel:
    """A model as far as counting goes. Plain data, made by `token_model`, so that it can go to other processes."""

    id: str
    kind: Kind
    tokenizer: str
    """Hosted: the name of a tiktoken encoding. Engine: "characters", or the path of a tokenizer.json or its folder."""

    @property
    def exact(self) -> bool:
        """Say whether counts are those the trainer will see, not an approximation of them."""
        return self.tokenizer != CHARACTERS


def token_model(model_id: str, kind: Kind = "hosted", tokenizer: str | Path = CHARACTERS) -> TokenModel:
    """Return how tokens are counted for a model.

    Args:
        model_id: a base or tuned model, with or without its service in front ("openai:gpt-4o-2024-08-06"). Its base
            decides the encoding of a hosted model.
        kind: who trains it.
        tokenizer: for the engine only: "characters", or the path of a tokenizer.json or of its folder.

    Raises:
        UnknownModel: the catalogue does not know the hosted model, or not how it splits text.
    """
    if kind == "engine":
        return TokenModel(model_id, kind, str(tokenizer))
    model = find_named(model_id)
    if model is None or model.encoding is None:
        raise UnknownModel(model=model_id)
    return TokenModel(model_id, kind, model.encoding)


class TokenMeter:
    """Measures examples for one model."""

    def __init__(self, model: TokenModel) -> None:
        self.model = model
        self._measure = _measure(model)

    def measure(self, records: Sequence[Mapping[str, Any]]) -> TokenCount:
        """Count the tokens of a batch of examples in OpenAI's shapes."""
        counted = self._measure(records)
        counted.tokenizer = self.model.tokenizer
        return counted


def _measure(model: TokenModel) -> Callable[[Sequence[Mapping[str, Any]]], TokenCount]:
    if model.kind == "hosted":
        return partial(_booked, hosted_tokens.book, hosted_counter(model.tokenizer))
    if model.tokenizer == CHARACTERS:
        return partial(_booked, engine_tokens.book, lambda texts: [len(text) for text in texts])
    return partial(engine_tokens.measure, engine_model.load(model.tokenizer))


def _booked(
    book: Callable[[Sheet, Mapping[str, Any]], None], counter: BatchCounter, records: Sequence[Mapping[str, Any]]
) -> TokenCount:
    sheet = Sheet()
    for record in records:
        book(sheet, record)
    return sheet.count(counter(sheet.texts))


def count(
    records: Iterable[Mapping[str, Any]], model_id: str, kind: Kind = "hosted", tokenizer: str | Path = CHARACTERS
) -> TokenCount:
    """Count the tokens of examples for a model (see `token_model`); they are read once, so a generator will do."""
    meter, counted, left = TokenMeter(token_model(model_id, kind, tokenizer)), TokenCount(), iter(records)
    while batch := list(islice(left, BATCH)):
        counted.merge(meter.measure(batch))
    return counted
