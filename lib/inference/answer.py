"""Stream an answer, and measure it while it comes. The upstream connection is closed whatever happens.

A stream that ends cleanly but early raises nothing in the SDK: only a finish reason says that the answer is whole.
Nothing is sent twice, because an answer may cost money. A refusal costs none: while a model is being loaded, it is
asked again.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

from openai import OpenAI, Stream

from lib.errors import TuneboardError
from lib.inference import cold
from lib.inference.prompting import Prepared
from lib.providers.client import open_client
from lib.providers.connections import Connection
from lib.providers.errors import BackendError, StillLoading
from lib.providers.transport import translated

SILENCE_SECONDS = 60.0
"""How long a backend may keep silent; the first words of a model that must be loaded take their time."""
MOST_STOPS = 4
"""OpenAI takes no more stop sequences."""


@dataclass(frozen=True)
class Sampling:
    """How the next token is drawn."""

    temperature: float = 0.6
    top_p: float = 1.0
    max_tokens: int = 512
    seed: int | None = None


@dataclass
class Answer:
    """An answer as it grows. Read it at any time, also after the stream was stopped half-way."""

    text: str = ""
    tokens: int = 0
    prompt_tokens: int | None = None
    first_token_s: float | None = None
    tokens_per_s: float | None = None
    finish_reason: str | None = None
    interrupted: bool = False
    """It ended without a finish reason: the text is cut."""
    stopped: bool = False
    """The reader stopped it."""
    loading: bool = False
    """The service said that the model is being loaded; it is asked again."""
    error: TuneboardError | None = None


def stream(
    connection: Connection,
    model: str,
    prepared: Prepared,
    sampling: Sampling,
    answer: Answer,
    made_at: float | None = None,
) -> Iterator[str]:
    """Yield pieces of text while the model writes. Never raises a backend's error: it is left in `answer.error`.

    Args:
        made_at: when the model was made, where that is known: a new one may be unknown to its service for a while.

    Yields:
        Text; "" again and again while the model is being loaded, so that the reader can stop it.
    """
    patience = cold.Patience()
    try:
        while True:
            try:
                yield from _once(connection, model, prepared, sampling, answer)
                break
            except BackendError as problem:
                if answer.text or not cold.is_loading(problem, made_at):
                    raise
                pause, answer.loading = patience.after(problem), True
                if pause is None:
                    raise StillLoading(service=connection.title, detail=str(problem.values.get("detail"))) from None
            yield from cold.wait(pause)
        answer.interrupted = answer.finish_reason is None
    except TuneboardError as problem:
        answer.error, answer.interrupted = problem, bool(answer.text)
    except GeneratorExit:
        answer.stopped = True
        raise
    finally:
        answer.loading = False


def _once(connection: Connection, model: str, prepared: Prepared, sampling: Sampling, answer: Answer) -> Iterator[str]:
    clock = _Clock()
    with translated(connection):
        client = open_client(connection, timeout=SILENCE_SECONDS)
        with _open(client, model, prepared, sampling) as upstream:
            answer.loading = False
            for chunk in upstream:
                piece = _take(answer, chunk)
                if piece:
                    clock.tick()
                clock.tell(answer)
                if piece:
                    yield piece


class _Clock:
    """First-token time, and tokens per second since then."""

    def __init__(self) -> None:
        self._began = time.perf_counter()
        self._first = self._last = 0.0

    def tick(self) -> None:
        """Note that text came."""
        self._last = time.perf_counter()
        self._first = self._first or self._last

    def tell(self, answer: Answer) -> None:
        """Write the times into the answer."""
        if self._first:
            answer.first_token_s = self._first - self._began
        if self._last > self._first:
            answer.tokens_per_s = (answer.tokens - 1) / (self._last - self._first)


def _open(client: OpenAI, model: str, prepared: Prepared, sampling: Sampling) -> Stream[Any]:
    request: Any = {
        "model": model,
        "max_tokens": sampling.max_tokens,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if sampling.seed is not None:
        request["seed"] = sampling.seed
    if prepared.stop:
        request["stop"] = list(prepared.stop[:MOST_STOPS])
    if prepared.kind == "completion":
        return cast("Stream[Any]", client.completions.create(prompt=prepared.prompt, **request))
    request["messages"] = list(prepared.messages)
    return cast("Stream[Any]", client.chat.completions.create(**request))


def _take(answer: Answer, chunk: Any) -> str:
    """Record what a chunk tells and return its text. Chunks may lack anything: an empty one carries the usage."""
    usage = getattr(chunk, "usage", None)
    if usage is not None:
        answer.tokens = getattr(usage, "completion_tokens", None) or answer.tokens
        answer.prompt_tokens = getattr(usage, "prompt_tokens", None)
    choice = next(iter(getattr(chunk, "choices", None) or []), None)
    if choice is None:
        return ""
    answer.finish_reason = getattr(choice, "finish_reason", None) or answer.finish_reason
    delta = getattr(choice, "delta", None)
    piece = getattr(choice, "text", None) or getattr(delta, "content", None) or ""
    if piece:
        answer.text += piece
        answer.tokens += 1
    return piece
