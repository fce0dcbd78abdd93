"""One example as the model sees it: its tokens, which of them it learns, and what is cut off.

Of a model folder of the engine and of `starter` this is what the trainer does. OpenAI does not publish how it lays out
a chat; what is shown for hosted models follows what it published of ChatML: `<|im_start|>`, the role, `<|im_sep|>`, the
text, `<|im_end|>`, which is the 3 tokens a message that its cookbook counts. It is an approximation, and without the 3
tokens an example that the cookbook adds for the answer to come.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from lib.pricing import encodings, engine_model
from lib.pricing.chat_template import FAILURES
from lib.pricing.encodings import sound
from lib.pricing.engine_model import Encoded
from lib.pricing.hosted_tokens import SAID, messages_of, text_of
from lib.pricing.tokens import CHARACTERS, TokenModel

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Span:
    """A stretch of the example: one token, or several that share a character."""

    text: str
    trained: bool
    """Whether the model learns to write it."""
    special: bool
    """Whether it is a mark of the format and not text."""
    tokens: int = 1
    cut: bool = False
    """Whether it lies beyond the limit, so that the model never sees it."""


def model_view(record: Record, model: TokenModel, limit: int | None = None) -> list[Span]:
    """Return the tokens of one example in their order; those from `limit` on are marked as cut off.

    Of a preference the answer that is not preferred comes last and is not marked as trained: it is what the model
    learns to avoid. A chat that the model's template can't render is shown without it.

    Raises:
        MissingRanks, UnreadableTokenizer: the model's tokenizer can't be had.
    """
    return list(_cut(_spans(record, model), limit))


def runs(spans: Iterable[Span]) -> list[Span]:
    """Return spans with neighbours of the same kind joined, for drawing; special ones stay by themselves."""
    joined: list[Span] = []
    for (special, trained, cut), group in groupby(spans, key=lambda span: (span.special, span.trained, span.cut)):
        alike = list(group)
        if special:
            joined += alike
        else:
            text = "".join(span.text for span in alike)
            joined.append(Span(text, trained, special, sum(span.tokens for span in alike), cut))
    return joined


def _spans(record: Record, model: TokenModel) -> Iterator[Span]:
    if model.kind == "hosted":
        for part in _hosted(record):
            yield from [part] if part.special else _tokens(part, model.tokenizer)
    elif model.tokenizer == CHARACTERS:
        yield from _characters(record)
    else:
        yield from _encoded(record, engine_model.load(model.tokenizer))


def _cut(spans: Iterable[Span], limit: int | None) -> Iterator[Span]:
    seen = 0
    for span in spans:
        seen += span.tokens
        yield replace(span, cut=limit is not None and seen > limit)


def _hosted(record: Record) -> Iterator[Span]:
    """Yield the stretches of a hosted model's example."""
    if "completion" in record and "messages" not in record:
        yield Span(text_of(record.get("prompt")), trained=False, special=False)
        yield Span(text_of(record["completion"]), trained=True, special=False)
        return
    for message, learns in _messages(record):
        yield Span("<|im_start|>", trained=False, special=True)
        yield Span(str(message.get("role")), trained=False, special=False)
        if message.get("name"):
            yield Span(f":{message['name']}", trained=False, special=False)
        yield Span("<|im_sep|>", trained=False, special=True)
        for key in ("content", "refusal", "tool_calls", "function_call", "tool_call_id"):
            yield Span(text_of(message.get(key)), trained=learns and key in SAID, special=False)
        yield Span("<|im_end|>", trained=learns, special=True)


def _messages(record: Record) -> Iterator[tuple[Record, bool]]:
    """Yield the messages of an example and whether each is learnt; tools come first, as a message of their own."""
    asked = record.get("input")
    whole = record if "messages" in record else asked if isinstance(asked, Mapping) else {}
    tools = whole.get("tools") or whole.get("functions")
    if tools:
        yield {"role": "tools", "content": text_of(tools)}, False
    for message in messages_of(whole.get("messages")):
        learns = whole is record and message.get("role") == "assistant" and message.get("weight") != 0
        yield message, learns
    for message in messages_of(record.get("preferred_output")):
        yield message, message.get("role") == "assistant"
    for message in messages_of(record.get("non_preferred_output")):
        yield message, False


def _tokens(part: Span, encoding: str) -> Iterator[Span]:
    """Yield the tokens of a stretch; those that only together make a character stay together."""
    coder = encodings.load(encoding)
    held, several = b"", 0
    for piece in encodings.pieces(sound(part.text)):
        for token in coder.encode_ordinary(piece):
            held += coder.decode_single_token_bytes(token)
            several += 1
            try:
                text = held.decode("utf-8")
            except UnicodeDecodeError:
                continue
            yield replace(part, text=text, tokens=several)
            held, several = b"", 0


def _characters(record: Record) -> Iterator[Span]:
    """Yield an example as the trainer lays it out for `starter`, a token a character."""
    if "completion" in record and "messages" not in record:
        parts = [
            Span(text_of(record.get("prompt")), trained=False, special=False),
            Span(text_of(record["completion"]), trained=True, special=False),
            Span("<|end|>", trained=True, special=True),
        ]
    else:
        parts = []
        for message, learns in _messages(record):
            role = message.get("role") if message.get("role") in ("system", "assistant") else "user"
            parts += [
                Span(f"<|{role}|>", trained=False, special=True),
                Span(text_of(message.get("content")), trained=learns, special=False),
                Span("<|end|>", trained=learns and bool(text_of(message.get("content"))), special=True),
            ]
    for part in parts:
        yield from [part] if part.special else (replace(part, text=character) for character in part.text)


def _encoded(record: Record, model: engine_model.EngineModel) -> Iterator[Span]:
    try:
        encoded = model.encode(record)
    except FAILURES:
        yield from _characters(record)
        return
    yield from _of_tokens(encoded)


def _of_tokens(encoded: Encoded) -> Iterator[Span]:
    """Yield tokens with their text; a tokenizer gives every part of a character the place of the whole."""
    shown = 0
    held: Span | None = None
    for token in encoded.tokens:
        if held is not None and token.end <= shown:
            held = replace(held, tokens=held.tokens + 1)
            continue
        if held is not None:
            yield held
        held = Span(encoded.text[shown : token.end], token.trained, token.special)
        shown = token.end
    if held is not None:
        yield held
