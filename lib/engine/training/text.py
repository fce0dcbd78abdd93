"""Text to token ids and back to the places that are trained. Training and serving both use it, so they agree.

Promises: a string that happens to look like a special token (`<|end|>`) in what a person wrote is encoded as plain
text, never as the token; what the chat template itself writes keeps its special tokens. Needs a fast tokenizer, for
its offsets. Knows nothing about files, batches or models.
"""

from __future__ import annotations

import json
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
    """Where people's words lie; inside them nothing is a special token."""
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
    chat = _render(tokenizer, messages, tools, generation=True)
    return [i for i, _, _ in encode_rendered(tokenizer, chat.text, chat.words)]


def conversation(tokenizer: Any, messages: Sequence[dict[str, Any]], tools: Any = None) -> Conversation:
    """Render a whole chat and find what each assistant message has to write; jinja's errors are the template's."""
    chat = _render(tokenizer, messages, tools, generation=False)
    targets: list[Span | None] = [None] * len(messages)
    for i, (message, span) in enumerate(zip(messages, chat.contents, strict=True)):
        if message["role"] != "assistant":
            continue
        if message.get("tool_calls"):
            targets[i] = _whole_answer(tokenizer, messages[: i + 1], tools, chat.text)
        elif span:
            targets[i] = _target(tokenizer, chat.text, span)
    last = targets[-1] if targets else None
    if last:
        targets[-1] = (_answer_start(tokenizer, messages, tools, chat.text, last[0]), last[1])
    return Conversation(chat.text, chat.words, targets)


def encode_rendered(tokenizer: Any, text: str, contents: Sequence[Span]) -> list[tuple[int, int, int]]:
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


def _lookalikes(tokenizer: Any, text: str, contents: Sequence[Span]) -> list[Span]:
    pattern = _special_pattern(tokenizer)
    if pattern is None:
        return []
    return [match.span() for span in sorted(contents) for match in pattern.finditer(text, *span)]


@dataclass(frozen=True)
class _Rendered:
    text: str
    contents: list[Span | None]
    """Where each message's content lies; `None` if it has none or the template leaves it out."""
    others: list[Span]
    """What looks like a special token in a tool, a call or a name."""

    @property
    def words(self) -> list[Span]:
        return [*filter(None, self.contents), *self.others]


_MARK = re.compile("\ue000(\\d+)\ue001|(\ue002)")


def _render(tokenizer: Any, messages: Sequence[dict[str, Any]], tools: Any, *, generation: bool) -> _Rendered:
    """Render with a mark in the place of each text, then put the texts in, so that their places are known exactly.

    The marks are private-use characters: no template looks for them, and a template's `trim` leaves them alone. A
    string that a template may write in its own way (a tool's description, the arguments of a call) stays, but what
    looks like a special token in it gets a mark behind its first character.
    """
    pattern = _special_pattern(tokenizer)
    marked = [
        {**_defused(_plain(message), pattern), "content": f"\ue000{i}\ue001" if _text_of(message) else ""}
        for i, message in enumerate(messages)
    ]
    rendered: str = tokenizer.apply_chat_template(
        marked, tools=_defused(tools, pattern), tokenize=False, add_generation_prompt=generation
    )
    contents: list[Span | None] = [None] * len(messages)
    text, position, behind = "", 0, []
    for mark in _MARK.finditer(rendered):
        text += rendered[position : mark.start()]
        position = mark.end()
        if mark[2]:
            behind.append(len(text) - 1)
            continue
        content = _text_of(messages[int(mark[1])])
        contents[int(mark[1])] = (len(text), len(text) + len(content))
        text += content
    text += rendered[position:]
    found = [pattern.match(text, start) for start in behind] if pattern else []
    return _Rendered(text, contents, [match.span() for match in found if match])


def _plain(message: dict[str, Any]) -> dict[str, Any]:
    """Return a message without its content, the arguments of its calls as the objects that templates expect."""
    plain = {key: value for key, value in message.items() if key not in ("content", "weight")}
    if message.get("tool_calls"):
        plain["tool_calls"] = [
            {**call, "function": {**call["function"], "arguments": _object(call["function"].get("arguments"))}}
            for call in message["tool_calls"]
        ]
    return plain


def _object(arguments: Any) -> Any:
    try:
        return json.loads(arguments) if isinstance(arguments, str) else arguments
    except ValueError:
        return arguments


def _defused(value: Any, pattern: re.Pattern[str] | None) -> Any:
    """Return a value whose strings hold no mark of ours, and a mark in each look-alike of a special token."""
    if isinstance(value, str):
        clean = re.sub("[\ue000-\ue002]", "", value)
        return pattern.sub(lambda match: f"{match[0][0]}\ue002{match[0][1:]}", clean) if pattern else clean
    if isinstance(value, dict):
        return {_defused(key, pattern): _defused(item, pattern) for key, item in value.items()}
    return [_defused(item, pattern) for item in value] if isinstance(value, list) else value


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
    if len(messages) == 1:
        return start  # nobody asked, so there is no place where serving would begin
    opening = _render(tokenizer, messages[:-1], tools, generation=True).text
    return len(opening) if text.startswith(opening) and len(opening) <= start else start


def _whole_answer(tokenizer: Any, messages: Sequence[dict[str, Any]], tools: Any, text: str) -> Span | None:
    """Return all that a template writes for the last message, calls included, or None where that can't be told.

    That is so for a template that writes an early message differently from a last one, and for one that leaves calls
    out: an empty answer in their place is nothing to learn.
    """
    if len(messages) == 1:
        return None
    opening = _render(tokenizer, messages[:-1], tools, generation=True).text
    until = _render(tokenizer, messages, tools, generation=False).text
    if not (text.startswith(until) and until.startswith(opening)):
        return None
    end = len(until.rstrip())
    pattern = _special_pattern(tokenizer)
    written = pattern.sub("", until[len(opening) : end]) if pattern else until[len(opening) : end]
    return (len(opening), end) if written.replace(_text_of(messages[-1]), "").strip() else None
