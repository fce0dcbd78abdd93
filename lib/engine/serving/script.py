"""An answer as it is told: text from tokens, cut at stop strings, calls of tools taken out, probabilities beside it.

Knows tokens and text; nothing about models or how tokens are chosen. What was not asked for costs nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lib.engine.serving.models import Loaded
from lib.engine.serving.protocol import Alternative, Request, Token
from lib.engine.serving.sampling import Choice
from lib.engine.serving.stops import Detokenizer, StopHolder
from lib.engine.serving.tool_grammar import marks_of, way
from lib.engine.serving.tools import Call, ToolReader
from lib.engine.serving.vocabulary import Vocabulary, vocabulary


@dataclass(frozen=True)
class Piece:
    """What can be told now (often one token's text), and why the answer ended, if it did."""

    text: str = ""
    finish_reason: str | None = None
    tokens: Sequence[Token] = ()
    calls: Sequence[Call] = ()


class Script:
    """The telling of one answer."""

    def __init__(self, request: Request, loaded: Loaded) -> None:
        self._request = request
        self._ends = loaded.ends
        self._text = Detokenizer(loaded.tokenizer)
        self._stops = StopHolder(request.stop)
        self._log: Log | None = None
        if request.logprobs is not None:
            self._log = Log(vocabulary(loaded), len(echoed(request, loaded)) if request.echo else 0)
        self._marks: dict[int, str] = {}
        self._reader: ToolReader | None = None
        if request.tools and (known := way(loaded.tokenizer, request)):
            self._marks = marks_of(loaded.tokenizer, known)
            self._reader = ToolReader(known, most=None if request.parallel_tool_calls else 1)

    def feed(self, choice: Choice, *, last: bool = False) -> Piece:
        """Take a token; `last` says that there is no room for another."""
        if choice.token in self._ends:
            return self._piece(self._stops.flush(), "stop")
        text = self._marks.get(choice.token) or self._text.feed(choice.token)
        if self._log:
            self._log.add(choice, text)
        shown = self._stops.feed(text)
        if self._stops.stopped:
            return self._piece(shown, "stop")
        if choice.last or last:
            return self._piece(shown + self._stops.flush(), "stop" if choice.last else "length")
        return self._piece(shown)

    def _piece(self, text: str, reason: str | None = None) -> Piece:
        tokens = self._log.release(len(text), whole=bool(reason) and not self._stops.stopped) if self._log else ()
        if self._reader is None:
            return Piece(text, reason, tokens)
        return self._with_calls(self._reader, text, reason, tokens)

    def _with_calls(self, reader: ToolReader, text: str, reason: str | None, tokens: Sequence[Token]) -> Piece:
        shown, calls = reader.feed(text)
        if reason:
            more, others = reader.flush()
            shown, calls = shown + more, calls + others
        if reader.calls and (reason == "stop" or reader.enough):  # OpenAI says "stop" where the caller named the tool
            reason = "stop" if self._request.tool_choice == "named" else "tool_calls"
        return Piece(shown, reason, () if reader.calling or reader.calls else tokens, calls)


def echoed(request: Request, loaded: Loaded) -> str:
    """Return the prompt as it is told back."""
    if request.prompt is not None:
        return request.prompt
    own = Detokenizer(loaded.tokenizer)
    return "".join(own.feed(token) for token in request.prompt_ids or ())


class Log:
    """Tokens that wait to be told with the text that they belong to. `before` is the length of an echoed prompt."""

    def __init__(self, words: Vocabulary, before: int) -> None:
        self._words = words
        self._waiting: list[Token] = []
        self._heard = self._told = before

    def add(self, choice: Choice, text: str) -> None:
        """Take a token and the text that it completed."""
        self._waiting.append(told(self._words, choice.token, choice.logprob, choice.top or [], self._heard))
        self._heard += len(text)

    def release(self, characters: int, *, whole: bool) -> list[Token]:
        """Return the tokens of the next `characters`; all that are left if the answer has been told as a whole."""
        self._told += characters
        count = next((i for i, token in enumerate(self._waiting) if token["offset"] >= self._told), None)
        if whole or count is None:
            count = len(self._waiting)
        ready, self._waiting = self._waiting[:count], self._waiting[count:]
        return ready


def told(words: Vocabulary, token: int, logprob: float | None, top: Sequence[tuple[int, float]], offset: int) -> Token:
    """Return a token as it is told."""
    others: list[Alternative] = [{"bytes": words.bytes_of(other), "logprob": value} for other, value in top]
    return {"bytes": words.bytes_of(token), "logprob": logprob, "top": others, "offset": offset}
