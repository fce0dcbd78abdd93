"""Stream an answer, and measure it while it comes. The upstream connection is closed whatever happens."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lib.errors import TuneboardError
from lib.inference.prompting import Prepared
from lib.providers.connections import Connection


@dataclass(frozen=True)
class Sampling:
    """How the next token is drawn."""

    temperature: float = 0.8
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
    error: TuneboardError | None = None


def stream(
    connection: Connection, model: str, prepared: Prepared, sampling: Sampling, answer: Answer
) -> Iterator[str]:
    """Yield pieces of text while the model writes. Never raises a backend's error: it is left in `answer.error`."""
    raise NotImplementedError
