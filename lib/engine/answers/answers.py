"""Answers in OpenAI's shapes: text completions and chat completions, whole and in chunks.

Knows the wire and nothing about how text comes to be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from lib.engine.answers.logprobs import Told, chat_logprobs, completion_logprobs
from lib.engine.ids import new_id
from lib.engine.tables import now


@dataclass(frozen=True)
class Piece:
    """What became of one answer: more text, a call of a tool, or its end. `tokens` only where they were asked for."""

    index: int
    text: str = ""
    tokens: Sequence[Told] = ()
    call: dict[str, Any] | None = None
    finish_reason: str | None = None
    prompt: str = ""
    """Text of the prompt that comes before `text`; its tokens come first in `tokens`."""


@dataclass
class Choice:
    """One of the answers to a request, as far as it is written."""

    text: str = ""
    tokens: list[Told] = field(default_factory=list)
    calls: list[dict[str, Any]] = field(default_factory=list)
    finish_reason: str | None = None
    likelihood: float = 0.0
    """Sum of the log-probabilities of the tokens that were written, where they are told."""
    count: int = 0

    def add(self, piece: Piece) -> None:
        """Write on."""
        self.text += piece.prompt + piece.text
        self.tokens += piece.tokens
        if not piece.prompt:
            self.likelihood += sum(token["logprob"] or 0 for token in piece.tokens)
            self.count += len(piece.tokens)
        if piece.call:
            self.calls.append(piece.call)
        self.finish_reason = piece.finish_reason or self.finish_reason


@dataclass(frozen=True)
class Usage:
    """Tokens as the worker counted them."""

    prompt: int
    completion: int

    def to_json(self) -> dict[str, Any]:
        """Return OpenAI's usage object. Nothing is cached, heard or thought: those counts are nought."""
        return {
            "prompt_tokens": self.prompt,
            "completion_tokens": self.completion,
            "total_tokens": self.prompt + self.completion,
            "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
            "completion_tokens_details": {
                "reasoning_tokens": 0,
                "audio_tokens": 0,
                "accepted_prediction_tokens": 0,
                "rejected_prediction_tokens": 0,
            },
        }


@dataclass(frozen=True)
class CompletionShape:
    """`text_completion` objects. `logprobs` is how many alternatives were asked for, None where none are told."""

    model: str
    fingerprint: str
    logprobs: int | None = None
    id: str = field(default_factory=lambda: new_id("cmpl-"))
    created: int = field(default_factory=now)

    def whole(self, choices: list[Choice], usage: Usage) -> dict[str, Any]:
        """Return the answer of a request that does not stream."""
        texts = [self._text(i, c.text, c.tokens, c.finish_reason) for i, c in enumerate(choices)]
        return self._object(texts) | {"usage": usage.to_json()}

    def opening(self, _index: int) -> dict[str, Any] | None:
        """Return the chunk before the first text; completions have none."""
        return None

    def chunk(self, piece: Piece) -> dict[str, Any]:
        """Return the chunk of a piece."""
        return self._object([self._text(piece.index, piece.prompt + piece.text, piece.tokens, piece.finish_reason)])

    def last(self) -> dict[str, Any]:
        """Return the chunk that carries the usage alone."""
        return self._object([])

    def _text(self, index: int, text: str, tokens: Sequence[Told], finish_reason: str | None) -> dict[str, Any]:
        told = None if self.logprobs is None else completion_logprobs(tokens, self.logprobs)
        return {"text": text, "index": index, "logprobs": told, "finish_reason": finish_reason}

    def _object(self, choices: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": "text_completion",
            "created": self.created,
            "model": self.model,
            "choices": choices,
            "system_fingerprint": self.fingerprint,
        }


@dataclass(frozen=True)
class ChatShape:
    """`chat.completion` objects and their chunks. `logprobs` tells whether they were asked for."""

    model: str
    fingerprint: str
    logprobs: bool = False
    id: str = field(default_factory=lambda: new_id("chatcmpl-"))
    created: int = field(default_factory=now)

    def whole(self, choices: list[Choice], usage: Usage) -> dict[str, Any]:
        """Return the answer of a request that does not stream."""
        messages = [self._message(i, c) for i, c in enumerate(choices)]
        return self._object("chat.completion", messages) | {"usage": usage.to_json()}

    def opening(self, index: int) -> dict[str, Any] | None:
        """Return the chunk that says who speaks."""
        return self._chunk(index, {"role": "assistant", "content": "", "refusal": None}, (), None)

    def chunk(self, piece: Piece) -> dict[str, Any]:
        """Return the chunk of a piece."""
        delta: dict[str, Any] = {"content": piece.text} if piece.text else {}
        if piece.call:
            delta["tool_calls"] = [piece.call]
        return self._chunk(piece.index, delta, piece.tokens, piece.finish_reason)

    def last(self) -> dict[str, Any]:
        """Return the chunk that carries the usage alone."""
        return self._object("chat.completion.chunk", [])

    def _chunk(
        self, index: int, delta: dict[str, Any], tokens: Sequence[Told], finish_reason: str | None
    ) -> dict[str, Any]:
        told = chat_logprobs(tokens) if self.logprobs and tokens else None
        choice = {"index": index, "delta": delta, "logprobs": told, "finish_reason": finish_reason}
        return self._object("chat.completion.chunk", [choice])

    def _message(self, index: int, choice: Choice) -> dict[str, Any]:
        content = None if choice.calls and not choice.text else choice.text
        message: dict[str, Any] = {"role": "assistant", "content": content, "refusal": None, "annotations": []}
        if choice.calls:
            message["tool_calls"] = [{k: v for k, v in call.items() if k != "index"} for call in choice.calls]
        told = chat_logprobs(choice.tokens) if self.logprobs else None
        return {"index": index, "message": message, "logprobs": told, "finish_reason": choice.finish_reason}

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


Shape = CompletionShape | ChatShape
