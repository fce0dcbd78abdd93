"""A model's own chat template, rendered as the trainer renders it, with the places of what people wrote.

Templates come with model folders and are programs, so they run in jinja2's sandbox, set up as the transformers library
sets it up (`utils/chat_template_utils.py`); the library itself takes seconds to import and is not needed. How the texts
are found again restates `lib/engine/training/text.py`; `tests/pricing/test_engine_model.py` holds the two together.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, NoReturn, TypeAlias

from jinja2 import Template, TemplateError
from jinja2.ext import Extension
from jinja2.nodes import Node
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

Message = Mapping[str, Any]
Stretch: TypeAlias = tuple[int, int]
"""Start and end in a text, in characters."""

FALLBACK = (
    "{% for message in messages %}{{ message['role'] | capitalize }}: {{ message['content'] }}"
    "{{ eos_token if message['role'] == 'assistant' else '' }}\n{% endfor %}"
    "{% if add_generation_prompt %}Assistant: {% endif %}"
)
"""What the trainer gives a tokenizer that brings none."""

FAILURES = (TemplateError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What a template may raise on messages it was not made for."""


@dataclass(frozen=True)
class Conversation:
    """A rendered chat."""

    text: str
    contents: list[Stretch | None]
    """Per message: where its text lies; None for a message without text."""
    targets: list[Stretch | None]
    """Per message: what an assistant has to write, its end token included; None for the others."""


@dataclass(frozen=True)
class ChatTemplate:
    """Template sources of a model: one for chats, and perhaps another for chats with tools."""

    plain: str
    with_tools: str
    names: Mapping[str, str]
    """Special tokens by name, such as `eos_token`."""
    special: re.Pattern[str] | None
    """Finds the special tokens of the tokenizer."""

    def conversation(self, messages: Sequence[Message], tools: object = None) -> Conversation:
        """Render a whole chat and find what each assistant message has to write. Raises one of `FAILURES`."""
        text, contents = self._render(messages, tools, generation=False)
        targets = [
            self._target(text, place) if message["role"] == "assistant" and place else None
            for message, place in zip(messages, contents, strict=True)
        ]
        if targets and (last := targets[-1]):
            opening, _ = self._render(messages[:-1], tools, generation=True)
            opens = text.startswith(opening) and len(opening) <= last[0]
            targets[-1] = (len(opening) if opens else last[0], last[1])
        return Conversation(text, contents, targets)

    def _render(
        self, messages: Sequence[Message], tools: object, *, generation: bool
    ) -> tuple[str, list[Stretch | None]]:
        """Render with a private-use mark in the place of each text, then put the texts in."""
        texts = [text_of(message.get("content")) for message in messages]
        marked = [
            {**message, "content": f"\ue000{i}\ue001" if text else ""}
            for i, (message, text) in enumerate(zip(messages, texts, strict=True))
        ]
        rendered = _compile(self.with_tools if tools else self.plain).render(
            messages=marked, tools=tools or None, documents=None, add_generation_prompt=generation, **self.names
        )
        places: list[Stretch | None] = [None] * len(messages)
        whole = ""
        for i, piece in enumerate(re.split("\ue000(\\d+)\ue001", rendered)):
            text = texts[int(piece)] if i % 2 else piece
            if i % 2:
                places[int(piece)] = (len(whole), len(whole) + len(text))
            whole += text
        return whole, places

    def _target(self, text: str, place: Stretch) -> Stretch:
        """Stretch an answer to the special token that ends it, where the template writes one right behind it."""
        match = self.special.match(text, place[1]) if self.special else None
        return place[0], match.end() if match else place[1]


def text_of(content: object) -> str:
    """Return the text of a message's content, whether it is a string or a list of text parts."""
    if isinstance(content, str):
        return content
    return "".join(part.get("text", "") for part in content) if isinstance(content, Sequence) else ""


class Generation(Extension):
    """`{% generation %}` marks what an assistant says; it is rendered as if the tag were not there."""

    tags = {"generation"}  # noqa: RUF012 - jinja2 declares it

    def parse(self, parser: Parser) -> list[Node]:
        """Return what stands between the tags."""
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


@lru_cache(maxsize=32)
def _compile(source: str) -> Template:
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols", Generation]
    )
    environment.filters["tojson"] = _to_json
    environment.globals["raise_exception"] = _raise
    environment.globals["strftime_now"] = lambda style: datetime.now().strftime(style)
    return environment.from_string(source)


def _to_json(
    value: object,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def _raise(message: str) -> NoReturn:
    raise TemplateError(message)
