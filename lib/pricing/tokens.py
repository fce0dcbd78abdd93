"""Tokens of examples, by the target model's own tokenizer.

Hosted models: tiktoken, offline. A chat example counts as OpenAI's cookbook counts it: 3 tokens per message, 1
per name, the tokens of every value, and 3 per example; tools count as their JSON, which is close but not exact.
Engine models: characters for `starter` (its tokenizer is made from the data, so none exists yet), else the
model's own tokenizer.json and a flat cost per message for the chat template.
Text is never read as a special token: `<|endoftext|>` in a story is five tokens of story.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeGuard

from lib.pricing.catalogue import find
from lib.pricing.encodings import engine_counter, hosted_counter
from lib.pricing.errors import UnknownModel

Counter = Callable[[str], int]

PER_MESSAGE = 3
PER_NAME = 1
PER_EXAMPLE = 3
PARTS = {"text", "image_url"}


@dataclass(frozen=True)
class TokenCount:
    """Tokens of a set of examples. `completion` is what the model learns to write; `prompt` is all the rest."""

    total: int
    prompt: int
    completion: int
    longest: int
    per_example: list[int]

    def over(self, limit: int) -> int:
        """Return how many examples are longer than `limit` and will be cut off."""
        return sum(tokens > limit for tokens in self.per_example)


def count(
    records: Iterable[Mapping[str, Any]],
    model_id: str,
    kind: Literal["hosted", "engine"] = "hosted",
    tokenizer: str | Path = "characters",
) -> TokenCount:
    """Count the tokens of examples in OpenAI's shapes (`prompt`/`completion` or `messages`).

    Args:
        records: the examples; read once, so a generator will do.
        model_id: a base or tuned model. Its base decides the encoding of a hosted model.
        kind: who trains it.
        tokenizer: for the engine only: "characters" or the path of a tokenizer.json.
    """
    counter = hosted_counter(_encoding(model_id)) if kind == "hosted" else engine_counter(tokenizer)
    return _sum(_example(record, counter) for record in records)


def _encoding(model_id: str) -> str:
    model = find(model_id)
    if model is None:
        raise UnknownModel(model=model_id)
    return model.encoding


def _sum(pairs: Iterable[tuple[int, int]]) -> TokenCount:
    prompts, completions, sizes = 0, 0, []
    for prompt, completion in pairs:
        prompts += prompt
        completions += completion
        sizes.append(prompt + completion)
    return TokenCount(prompts + completions, prompts, completions, max(sizes, default=0), sizes)


def _example(record: Mapping[str, Any], counter: Counter) -> tuple[int, int]:
    """Return the prompt and completion tokens of one example."""
    if "messages" not in record:
        return counter(_text(record.get("prompt"))), counter(_text(record.get("completion")))
    prompt = PER_EXAMPLE + counter(_text(record.get("tools") or record.get("functions")))
    completion = 0
    for message in record["messages"]:
        taught = _taught(message, counter)
        prompt += _message(message, counter) - taught
        completion += taught
    return prompt, completion


def _message(message: Mapping[str, Any], counter: Counter) -> int:
    values = sum(counter(_text(value)) for key, value in message.items() if key != "weight")
    return PER_MESSAGE + PER_NAME * ("name" in message) + values


def _taught(message: Mapping[str, Any], counter: Counter) -> int:
    """Return the tokens of a message that are trained on: what an assistant says and calls, unless it is weighted 0."""
    if message.get("role") != "assistant" or message.get("weight") == 0:
        return 0
    return sum(counter(text) for text in _said(message))


def _said(message: Mapping[str, Any]) -> Iterator[str]:
    for key in ("content", "refusal", "tool_calls", "function_call"):
        yield _text(message.get(key))


def _text(value: object) -> str:
    """Return a value as the text that is counted: the text of content parts, other structures as JSON."""
    if not value:
        return ""
    if isinstance(value, str):
        return value
    if _parts(value):
        return "".join(_text(part.get("text")) for part in value)
    return json.dumps(value, ensure_ascii=False)


def _parts(value: object) -> TypeGuard[list[Mapping[str, object]]]:
    """Say whether a value is a list of content parts. Images in them are billed by other rules and count nothing."""
    return isinstance(value, list) and all(isinstance(part, dict) and part.get("type") in PARTS for part in value)
