"""What the worker writes for one request, put together from the streams of its prompts.

Promises pieces in the order in which they were written, a refusal where the worker refuses, and that nothing goes on
being written after `close`. Knows the worker's events; nothing of OpenAI's objects.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from lib.engine.answers.answers import Choice, Piece, Usage
from lib.engine.answers.worker_process import Event, Stream
from lib.engine.errors import INVALID, ApiError
from lib.engine.ids import new_id


class Answers:
    """Everything the worker writes for one request; each prompt has a stream with `n` answers in it."""

    def __init__(self, n: int) -> None:
        self._n = n
        self.streams: list[Stream] = []
        self._prompt_tokens = 0
        self._completion_tokens = 0
        self._calls: dict[int, int] = {}

    @property
    def count(self) -> int:
        """Return how many answers were asked for."""
        return self._n * len(self.streams)

    @property
    def usage(self) -> Usage:
        """Return the tokens counted so far: exact at the end."""
        return Usage(self._prompt_tokens, self._completion_tokens)

    async def first_event(self, patience: float) -> Event | None:
        """Return the first event if it comes soon; raise if it is a refusal. Whoever gives up waiting cancels."""
        try:
            event = await self.streams[0].next(patience)
        except TimeoutError:
            return None
        except BaseException:
            self.close()
            raise
        if event["event"] == "error":
            self.close()
            raise _refusal(event)
        return event

    async def pieces(self, early: Event | None = None, patience: float | None = None) -> AsyncIterator[Piece | None]:
        """Yield pieces as they come, None for every `patience` seconds without one; raise `ApiError` if it breaks."""
        for number, stream in enumerate(self.streams):
            while not stream.ended:
                try:
                    event = early or await stream.next(patience)
                except TimeoutError:
                    yield None
                    continue
                early = None
                for piece in self._read(event, number * self._n):
                    yield piece

    def _read(self, event: Event, first: int) -> list[Piece]:
        match event["event"]:
            case "prompt":
                return [_prompt(index, event) for index in range(first, first + self._n)]
            case "text":
                return [Piece(first + event["index"], event["text"], event.get("tokens", ()))]
            case "call":
                return [Piece(first + event["index"], call=self._call(first + event["index"], event))]
            case "end":
                return [Piece(first + event["index"], finish_reason=event["finish_reason"])]
            case "done":
                self._prompt_tokens += event["prompt_tokens"]
                self._completion_tokens += event["completion_tokens"]
            case "error":
                raise _refusal(event)
        return []

    def _call(self, answer: int, event: Event) -> dict[str, Any]:
        """Return OpenAI's object for a call; `index` numbers the calls of an answer."""
        index = self._calls[answer] = self._calls.get(answer, -1) + 1
        function = {"name": event["name"], "arguments": event["arguments"]}
        return {"index": index, "id": new_id("call_"), "type": "function", "function": function}

    async def collect(self) -> list[Choice]:
        """Wait for the end and return the answers."""
        choices = [Choice() for _ in range(self.count)]
        async for piece in self.pieces():
            if piece:
                choices[piece.index].add(piece)
        return choices

    def close(self) -> None:
        """Cancel whatever is still being written."""
        for stream in self.streams:
            stream.close()


def best(choices: list[Choice], written: int, wanted: int) -> list[Choice]:
    """Return the `wanted` likeliest per token of each prompt's `written` answers; all, as they came, if all are."""
    if written == wanted:
        return choices
    prompts = [choices[start : start + written] for start in range(0, len(choices), written)]
    return [choice for of_one in prompts for choice in sorted(of_one, key=_rank)[:wanted]]


def _rank(choice: Choice) -> float:
    return -choice.likelihood / max(choice.count, 1)


def _prompt(index: int, event: Event) -> Piece:
    return Piece(index, prompt=event["text"], tokens=event.get("tokens", ()))


def _refusal(event: Event) -> ApiError:
    status = event["status"]
    kind = INVALID if status < 500 else "server_error"
    return ApiError(status, event["message"], type=kind, param=event.get("param"), code=event.get("code"))
