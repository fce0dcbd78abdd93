"""One answer: the tokens it takes, the text they make, and when it ends.

Knows tokens and text. What writes the tokens is `batching`, how one is chosen `sampling`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from lib.engine.serving.models import Loaded
from lib.engine.serving.protocol import Refusal, Request
from lib.engine.serving.sampling import Choice, Sampler
from lib.engine.serving.stops import Detokenizer, StopHolder
from lib.engine.training.text import chat_ids, prompt_ids


def encode(loaded: Loaded, request: Request) -> list[int]:
    """Turn the request's prompt or messages into the model's tokens; refuse more than it can hold."""
    if request.messages is not None:
        ids = chat_ids(loaded.tokenizer, request.messages)
    else:
        ids = prompt_ids(loaded.tokenizer, request.prompt or "")
    if len(ids) >= loaded.context:
        raise Refusal(
            f"This model's maximum context length is {loaded.context} tokens. However, your prompt has {len(ids)} "
            "tokens. Please shorten it.",
            code="context_length_exceeded",
        )
    return ids or [loaded.tokenizer.eos_token_id]


@dataclass(frozen=True)
class Piece:
    """Text that may be shown now, the choices that made it, and why the answer ended, if it did."""

    text: str = ""
    finish_reason: str | None = None
    choices: list[Choice] = field(default_factory=list)


class Answer:
    """One answer under way."""

    def __init__(self, loaded: Loaded, ids: list[int], request: Request, index: int) -> None:
        self.request, self.index, self.tokens = request, index, 0
        self.sampler = Sampler(request, loaded, ids, index)
        room = loaded.context - len(ids)
        self.limit = room if request.max_tokens is None else min(room, request.max_tokens)
        self._ends = loaded.ends
        self._text = Detokenizer(loaded.tokenizer)
        self._stops = StopHolder(request.stop)
        self._choices: list[Choice] = []

    def take(self, choice: Choice) -> Piece:
        """Add a token; return what can be shown."""
        self.tokens += 1
        if choice.token in self._ends:
            return self._piece("", "stop")
        self._choices.append(choice)
        text = self._text.feed(choice.token)
        return self._piece(text, "length" if self.tokens >= self.limit else None)

    def _piece(self, text: str, reason: str | None) -> Piece:
        text = self._stops.feed(text) if text else ""
        if self._stops.stopped:
            reason = "stop"
        elif reason:
            text += self._stops.flush()
        if not text and not reason:
            return Piece()
        choices, self._choices = self._choices, []
        return Piece(text, reason, choices)
