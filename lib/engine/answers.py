"""Answers in OpenAI's shapes: text completions and chat completions, whole and in chunks.

Knows the wire and nothing about how text comes to be.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from lib.engine.ids import new_id
from lib.engine.tables import now


@dataclass
class Choice:
    """One of the answers to a request, as far as it is written."""

    text: str = ""
    finish_reason: str | None = None


@dataclass(frozen=True)
class Usage:
    """Tokens as the worker counted them."""

    prompt: int
    completion: int

    def to_json(self) -> dict[str, Any]:
        """Return OpenAI's usage object."""
        return {
            "prompt_tokens": self.prompt,
            "completion_tokens": self.completion,
            "total_tokens": self.prompt + self.completion,
        }


@dataclass(frozen=True)
class CompletionShape:
    """`text_completion` objects."""

    model: str
    fingerprint: str
    id: str = field(default_factory=lambda: new_id("cmpl-"))
    created: int = field(default_factory=now)

    def whole(self, choices: list[Choice], usage: Usage) -> dict[str, Any]:
        """Return the answer of a request that does not stream."""
        return self._object([_text(i, c.text, c.finish_reason) for i, c in enumerate(choices)]) | {
            "usage": usage.to_json()
        }

    def opening(self, _index: int) -> dict[str, Any] | None:
        """Return the chunk before the first text; completions have none."""
        return None

    def piece(self, index: int, text: str) -> dict[str, Any]:
        """Return the chunk of a piece of text."""
        return self._object([_text(index, text, None)])

    def end(self, index: int, finish_reason: str) -> dict[str, Any]:
        """Return the chunk that ends an answer."""
        return self._object([_text(index, "", finish_reason)])

    def last(self) -> dict[str, Any]:
        """Return the chunk that carries the usage alone."""
        return self._object([])

    def _object(self, choices: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": "text_completion",
            "created": self.created,
            "model": self.model,
            "choices": choices,
            "system_fingerprint": self.fingerprint,
        }


def _text(index: int, text: str, finish_reason: str | None) -> dict[str, Any]:
    return {"text": text, "index": index, "logprobs": None, "finish_reason": finish_reason}


@dataclass(frozen=True)
class ChatShape:
    """`chat.completion` objects and their chunks."""

    model: str
    fingerprint: str
    id: str = field(default_factory=lambda: new_id("chatcmpl-"))
    created: int = field(default_factory=now)

    def whole(self, choices: list[Choice], usage: Usage) -> dict[str, Any]:
        """Return the answer of a request that does not stream."""
        return self._object("chat.completion", [_message(i, c) for i, c in enumerate(choices)]) | {
            "usage": usage.to_json()
        }

    def opening(self, index: int) -> dict[str, Any] | None:
        """Return the chunk that says who speaks."""
        return self._chunk(index, {"role": "assistant", "content": "", "refusal": None}, None)

    def piece(self, index: int, text: str) -> dict[str, Any]:
        """Return the chunk of a piece of text."""
        return self._chunk(index, {"content": text}, None)

    def end(self, index: int, finish_reason: str) -> dict[str, Any]:
        """Return the chunk that ends an answer."""
        return self._chunk(index, {}, finish_reason)

    def last(self) -> dict[str, Any]:
        """Return the chunk that carries the usage alone."""
        return self._object("chat.completion.chunk", [])

    def _chunk(self, index: int, delta: dict[str, Any], finish_reason: str | None) -> dict[str, Any]:
        choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        return self._object("chat.completion.chunk", [choice])

    def _object(self, kind: str, choices: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": kind,
            "created": self.created,
            "model": self.model,
            "choices": choices,
            "service_tier": "default",
            "system_fingerprint": self.fingerprint,
        }


def _message(index: int, choice: Choice) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": choice.text, "refusal": None, "annotations": []}
    return {"index": index, "message": message, "logprobs": None, "finish_reason": choice.finish_reason}


Shape = CompletionShape | ChatShape
