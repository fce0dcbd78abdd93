"""Text to token ids and back to the places that are trained. Training and serving both use it, so they agree.

Promises: a string that happens to look like a special token (`<|end|>`) in what a person wrote is encoded as plain
text, never as the token; what the chat template itself writes keeps its special tokens. Needs a fast tokenizer, for
its offsets. Knows nothing about files, batches or models.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Span = tuple[int, int]

FALLBACK_TEMPLATE = (
    "{% for message in messages %}{{ message['role'] | capitalize }}: {{ message['content'] }}"
    "{{ eos_token if message['role'] == 'assistant' else '' }}\n{% endfor %}"
    "{% if add_generation_prompt %}Assistant: {% endif %}"
)
"""For a tokenizer that brings no chat template: plain words, an end token after each answer."""


@dataclass(frozen=True)
class Conversation:
    """A rendered chat: the text, where people's own words lie in it, and what each message must teach."""

    text: str
    contents: list[Span]
    targets: list[Span | None]
    """Per message: the stretch an assistant has to write (its end token included), `None` for the others."""


def ensure_chat_template(tokenizer: Any) -> None:
    """Give a tokenizer without a chat template the fallback; it is saved with the tuned model."""
    if not tokenizer.chat_template:
        tokenizer.chat_template = FALLBACK_TEMPLATE


def prompt_ids(tokenizer: Any, prompt: str) -> list[int]:
    """Encode the prompt of a plain completion: a begin token if this tokenizer uses one, then the text as text."""
    empty = tokenizer("", add_special_tokens=True)["input_ids"]
    begin = [i for i in empty[:1] if i == tokenizer.bos_token_id]
    return begin + plain_ids(tokenizer, prompt)


def plain_ids(tokenizer: Any, text: str) -> list[int]:
    """Encode text that a person wrote: nothing in it becomes a special token."""
    return tokenizer(text, add_special_tokens=False, split_special_tokens=True)["input_ids"]


def chat_ids(tokenizer: Any, messages: Sequence[dict[str, Any]], tools: Any = None) -> list[int]:
    """Encode the messages of a chat up to where the assistant begins to write."""
    text, contents = _render(tokenizer, messages, tools, generation=True)
    return [i for i, _, _ in encode_rendered(tokenizer, text, contents)]


def conversation(tokenizer: Any, messages: Sequence[dict[str, Any]], tools: Any = None) -> Conversation:
    """Render a whole chat and find what each assistant message has to write."""
    text, contents = _render(tokenizer, messages, tools, generation=False)
    targets: list[Span | None] = [
        _target(tokenizer, text, span) if message["role"] == "assistant" and span else None
        for message, span in zip(messages, contents, strict=True)
    ]
    if targets and targets[-1]:
        targets[-1] = (_answer_start(tokenizer, messages, tools, text, targets[-1][0]), targets[-1][1])
    return Conversation(text, [span for span in contents if span], targets)


def encode_rendered(tokenizer: Any, text: str, contents: Sequence[Span | None]) -> list[tuple[int, int, int]]:
    """Encode a rendered chat into (token id, start, end); look-alikes of special tokens inside contents stay text."""
    tokens: list[tuple[int, int, int]] = []
    position = 0
    for start, end in [*_lookalikes(tokenizer, text, contents), (len(text), len(text))]:
        tokens += _pieces(tokenizer, text, (position, start), special=True)
        tokens += _pieces(tokenizer, text, (start, end), special=False)
        position = end
    return tokens


def _pieces(tokenizer: Any, text: str, span: Span, *, special: bool) -> list[tuple[int, int, int]]:
    if span[0] == span[1]:
        return []
    encoded = tokenizer(
        text[slice(*span)],
        add_special_tokens=False,
        split_special_tokens=not special,
        return_offsets_mapping=True,
    )
    pairs = zip(encoded["input_ids"], encoded["offset_mapping"], strict=True)
    return [(token, span[0] + start, span[0] + end) for token, (start, end) in pairs]


def _special_pattern(tokenizer: Any) -> re.Pattern[str] | None:
    words = {token.content for token in tokenizer.added_tokens_decoder.values() if token.special}
    longest_first = sorted(words, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first))) if words else None


def _lookalikes(tokenizer: Any, text: str, contents: Sequence[Span | None]) -> list[Span]:
    pattern = _special_pattern(tokenizer)
    if pattern is None:
        return []
    return [match.span() for span in contents if span for match in pattern.finditer(text, *span)]


def _render(
    tokenizer: Any, messages: Sequence[dict[str, Any]], tools: Any, *, generation: bool
) -> tuple[str, list[Span | None]]:
    """Render with a mark in the place of each text, then put the texts in, so that their places are known exactly.

    The marks are private-use characters: no template looks for them, and a template's `trim` leaves them alone.
    """
    marks = [f"\ue000{i}\ue001" if _text_of(m) else None for i, m in enumerate(messages)]
    marked = [{**m, "content": mark or ""} for m, mark in zip(messages, marks, strict=True)]
    rendered: str = tokenizer.apply_chat_template(marked, tools=tools, tokenize=False, add_generation_prompt=generation)
    spans: list[Span | None] = [None] * len(messages)
    text = ""
    for i, piece in enumerate(re.split("\ue000(\\d+)\ue001", rendered)):
        content = _text_of(messages[int(piece)]) if i % 2 else piece
        if i % 2:
            spans[int(piece)] = (len(text), len(text) + len(content))
        text += content
    return text, spans


def _text_of(message: dict[str, Any]) -> str:
    """Return the text of a message, whether its content is a string or a list of text parts."""
    content = message.get("content") or ""
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)


def _target(tokenizer: Any, text: str, span: Span) -> Span:
    """Stretch an answer to the special token that ends it, where the template writes one right behind it."""
    pattern = _special_pattern(tokenizer)
    match = pattern.match(text, span[1]) if pattern else None
    return span[0], match.end() if match else span[1]


def _answer_start(tokenizer: Any, messages: Sequence[dict[str, Any]], tools: Any, text: str, start: int) -> int:
    """Return where the last answer begins after the template's own opening of it.

    Some templates write more than the answer (an empty `<think>` block); serving will not, so the model must.
    """
    opening, _ = _render(tokenizer, messages[:-1], tools, generation=True)
    return len(opening) if text.startswith(opening) and len(opening) <= start else start
