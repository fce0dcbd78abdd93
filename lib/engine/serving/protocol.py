"""What the inference worker hears and says: JSON objects, one a line.

Knows the wire and nothing about models. A line that cannot be read is answered with an `error` event where it names
an id, and never ends the worker.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TextIO


@dataclass(frozen=True)
class Request:
    """One question to a model, with OpenAI's sampling parameters and their defaults."""

    id: str
    model: str
    prompt: str | None = None
    messages: Sequence[dict[str, Any]] | None = None
    max_tokens: int | None = None
    temperature: float = 1.0
    top_p: float = 1.0
    seed: int | None = None
    stop: Sequence[str] = field(default_factory=tuple)
    n: int = 1


class Refusal(Exception):
    """A request that cannot be answered; becomes an `error` event."""

    def __init__(self, message: str, *, code: str, status: int = 400) -> None:
        super().__init__(message)
        self.message, self.code, self.status = message, code, status


def read_request(raw: dict[str, Any]) -> Request:
    """Build a request from its line. Missing or null fields take OpenAI's defaults."""
    stop = raw.get("stop") or ()
    defaults = Request(id="", model="")
    return Request(
        id=str(raw["id"]),
        model=str(raw["model"]),
        prompt=raw.get("prompt"),
        messages=raw.get("messages"),
        max_tokens=raw.get("max_tokens"),
        temperature=_given(raw.get("temperature"), defaults.temperature),
        top_p=_given(raw.get("top_p"), defaults.top_p),
        seed=raw.get("seed"),
        stop=(stop,) if isinstance(stop, str) else tuple(text for text in stop if text),
        n=raw.get("n") or defaults.n,
    )


def _given(value: float | None, default: float) -> float:
    return default if value is None else value


class Writer:
    """Say events, whole lines at a time, from any thread."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def _say(self, **event: Any) -> None:
        with self._lock:
            self._stream.write(json.dumps(event, ensure_ascii=False) + "\n")
            self._stream.flush()

    def start(self, request_id: str, prompt_tokens: int) -> None:
        """Tell that the prompt has been read."""
        self._say(id=request_id, event="start", prompt_tokens=prompt_tokens)

    def text(self, request_id: str, index: int, text: str) -> None:
        """Tell a piece of an answer."""
        self._say(id=request_id, event="text", index=index, text=text)

    def end(self, request_id: str, index: int, finish_reason: str, completion_tokens: int) -> None:
        """Tell that one answer is complete."""
        self._say(
            id=request_id,
            event="end",
            index=index,
            finish_reason=finish_reason,
            completion_tokens=completion_tokens,
        )

    def done(self, request_id: str, prompt_tokens: int, completion_tokens: int) -> None:
        """Tell that every answer to a request is complete."""
        self._say(id=request_id, event="done", prompt_tokens=prompt_tokens, completion_tokens=completion_tokens)

    def error(self, request_id: str, refusal: Refusal) -> None:
        """Tell that a request is refused or broken off."""
        self._say(id=request_id, event="error", status=refusal.status, code=refusal.code, message=refusal.message)
