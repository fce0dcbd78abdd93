"""What the inference worker hears and says: JSON objects, one a line.

Knows the wire and nothing about models. A line that cannot be read is answered with an `error` event where it names
an id, and never ends the worker.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, TextIO, TypedDict


class Alternative(TypedDict):
    """A token that might have been chosen."""

    bytes: list[int]
    logprob: float


class Token(TypedDict):
    """A token as it is told: what it stands for, how likely it was (None if nothing came before it) and what else was.

    `offset` counts characters from the beginning of the answer, or of the prompt where that is echoed.
    """

    bytes: list[int]
    logprob: float | None
    top: list[Alternative]
    offset: int


class Prompt(TypedDict):
    """A prompt told back."""

    text: str
    tokens: list[Token]


@dataclass(frozen=True)
class Request:
    """One question to a model, with OpenAI's sampling parameters and their defaults.

    The prompt is one of `prompt`, `prompt_ids` and `messages`. `logprobs` is how many alternatives to tell of each
    token, None to tell no tokens at all. `tool_choice` is "auto", "required" or "named" (then `tools` holds that one).
    """

    id: str
    model: str
    prompt: str | None = None
    prompt_ids: Sequence[int] | None = None
    messages: Sequence[dict[str, Any]] | None = None
    max_tokens: int | None = None
    temperature: float = 1.0
    top_p: float = 1.0
    seed: int | None = None
    stop: Sequence[str] = field(default_factory=tuple)
    n: int = 1
    frequency_penalty: float = 0.0
    presence_penalty: float = 0.0
    logit_bias: Mapping[int, float] = field(default_factory=dict)
    logprobs: int | None = None
    echo: bool = False
    response_format: Mapping[str, Any] | None = None
    tools: Sequence[dict[str, Any]] = field(default_factory=tuple)
    tool_choice: str = "auto"
    parallel_tool_calls: bool = True

    @property
    def prompt_logprobs(self) -> bool:
        """Tell whether the tokens of the prompt are told too, which takes the model's scores at each of them."""
        return self.echo and self.logprobs is not None


class Refusal(Exception):
    """A request that cannot be answered; becomes an `error` event. `param` names the field at fault."""

    def __init__(self, message: str, *, code: str | None, status: int = 400, param: str | None = None) -> None:
        super().__init__(message)
        self.message, self.code, self.status, self.param = message, code, status, param


def read_request(raw: dict[str, Any]) -> Request:
    """Build a request from its line. Missing or null fields take OpenAI's defaults."""
    given = {name: raw[name] for name in _FIELDS if raw.get(name) is not None}
    stop = given.pop("stop", ())
    bias = given.pop("logit_bias", {})
    return Request(
        **given | {"id": str(raw["id"]), "model": str(raw["model"])},
        stop=(stop,) if isinstance(stop, str) else tuple(text for text in stop if text),
        logit_bias={int(token): value for token, value in bias.items()},
    )


_FIELDS = [each.name for each in fields(Request)]


HOLD_SECONDS = 0.01
"""How long text may wait for more. A line wakes the engine and its client, and a small model writes a token in less
time than that takes them; nobody reads faster than this, and a model that is slower than this holds nothing."""


class Writer:
    """Say events, whole lines at a time, from any thread. What is said goes out at the next `flush`.

    Text of one answer that goes out together is one event.
    """

    def __init__(self, stream: TextIO, hold: float = 0.0) -> None:
        self._stream = stream
        self._hold = hold
        self._lock = threading.Lock()
        self._texts: dict[tuple[str, int], dict[str, Any]] = {}
        self._urgent = False
        self._flushed = self._asked = time.monotonic()

    def _say(self, **event: Any) -> None:
        with self._lock:
            self._write_texts()
            self._write(event)
            self._urgent = True

    def _write_texts(self) -> None:
        for event in self._texts.values():
            self._write(event)
        self._texts.clear()

    def _write(self, event: dict[str, Any]) -> None:
        self._stream.write(json.dumps(event, ensure_ascii=False) + "\n")

    def flush(self) -> None:
        """Send what has been said."""
        with self._lock:
            self._write_texts()
            self._stream.flush()
            self._urgent = False
            self._flushed = self._asked = time.monotonic()

    def flush_due(self) -> None:
        """Send what has been said, unless that is text alone and the next call will come before it has waited long.

        The next call is taken to come after as long as this one did after the last.
        """
        now = time.monotonic()
        step, self._asked = now - self._asked, now
        if self._urgent or now - self._flushed + step >= self._hold:
            self.flush()

    def beat(self) -> None:
        """Tell that the worker moves, while it has nothing else to tell."""
        self._say(id="", event="beat")
        self.flush()

    def start(self, request_id: str, prompt_tokens: int) -> None:
        """Tell that the request is taken."""
        self._say(id=request_id, event="start", prompt_tokens=prompt_tokens)

    def prompt(self, request_id: str, prompt: Prompt) -> None:
        """Tell the prompt back, before its answers."""
        self._say(id=request_id, event="prompt", text=prompt["text"], tokens=prompt["tokens"])

    def text(self, request_id: str, index: int, text: str, tokens: Sequence[Token] = ()) -> None:
        """Tell a piece of an answer."""
        with self._lock:
            waiting = self._texts.get((request_id, index))
            if waiting is None:
                told = {"tokens": [*tokens]} if tokens else {}
                self._texts[request_id, index] = {
                    "id": request_id,
                    "event": "text",
                    "index": index,
                    "text": text,
                } | told
                return
            waiting["text"] += text
            if tokens:
                waiting.setdefault("tokens", []).extend(tokens)

    def call(self, request_id: str, index: int, name: str, arguments: str) -> None:
        """Tell that an answer calls a tool."""
        self._say(id=request_id, event="call", index=index, name=name, arguments=arguments)

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
        self._say(
            id=request_id,
            event="error",
            status=refusal.status,
            code=refusal.code,
            param=refusal.param,
            message=refusal.message,
        )
