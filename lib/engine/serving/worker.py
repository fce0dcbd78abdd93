"""The worker's one thread of writing: answers take turns, a token each.

Taking turns in one thread was measured against a thread per answer: the same tokens per second in sum, no contention,
and a cancel that takes effect at the next token. Models are loaded in a thread beside it, so that those who
already write go on.
"""

from __future__ import annotations

import json
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Any

from lib.engine.serving.decode import Answer, encode
from lib.engine.serving.models import Loaded, Models
from lib.engine.serving.protocol import Refusal, Request, Writer, read_request


@dataclass
class Ask:
    """A request under way: how many of its answers are still being written."""

    request: Request
    open: int
    prompt_tokens: int = 0
    completion_tokens: int = 0


@dataclass
class Worker:
    """Hear lines, write answers."""

    writer: Writer
    models: Models = field(default_factory=Models)

    def __post_init__(self) -> None:
        self._inbox: SimpleQueue[Any] = SimpleQueue()
        self._answers: deque[Answer] = deque()
        self._asks: dict[str, Ask] = {}
        self._loader = ThreadPoolExecutor(1, "loader")

    def hear(self, line: str) -> None:
        """Take a line from whoever asks. Safe from any thread."""
        self._inbox.put(line)

    def run(self) -> None:
        """Write until the process ends."""
        while True:
            self.turn()

    def turn(self) -> None:
        """Handle what has come in (waiting if there is nothing to write), then one token of one answer."""
        try:
            while True:
                self._handle(self._inbox.get(block=not self._answers))
        except Empty:
            pass
        self._write_one()

    def _handle(self, item: str | tuple[Request, Future[Loaded]]) -> None:
        if isinstance(item, tuple):
            self._begin(*item)
            return
        try:
            command = json.loads(item)
            operation = command["op"]
            if operation == "generate":
                self._ask(read_request(command))
            elif operation == "cancel":
                self._asks.pop(str(command["id"]), None)
            elif operation == "forget":
                self.models.forget(str(command["model"]))
        except (ValueError, KeyError, TypeError) as error:
            self.writer.error("", Refusal(f"Not a command: {error!r}.", code="invalid_request"))

    def _ask(self, request: Request) -> None:
        self._asks[request.id] = Ask(request, open=request.n)
        future = self._loader.submit(self.models.get, request.model)
        future.add_done_callback(lambda loaded: self._inbox.put((request, loaded)))

    def _begin(self, request: Request, loading: Future[Loaded]) -> None:
        ask = self._asks.get(request.id)
        if ask is None:
            return
        try:
            loaded = loading.result()
            ids = encode(loaded, request)
        except Exception as error:  # noqa: BLE001 - whatever a folder holds, the worker answers and goes on
            self._fail(request.id, error)
            return
        ask.prompt_tokens = len(ids)
        self.writer.start(request.id, len(ids))
        self._answers.extend(Answer(loaded, ids, request, index) for index in range(request.n))

    def _write_one(self) -> None:
        if not self._answers:
            return
        answer = self._answers.popleft()
        ask = self._asks.get(answer.request.id)
        if ask is None:
            return
        try:
            piece = answer.advance()
        except Exception as error:  # noqa: BLE001 - one answer's failure must not end the others
            self._fail(ask.request.id, error)
            return
        if piece.text:
            self.writer.text(ask.request.id, answer.index, piece.text)
        if piece.finish_reason is None:
            self._answers.append(answer)
        else:
            self._end(ask, answer, piece.finish_reason)

    def _end(self, ask: Ask, answer: Answer, finish_reason: str) -> None:
        self.writer.end(ask.request.id, answer.index, finish_reason, answer.tokens)
        ask.completion_tokens += answer.tokens
        ask.open -= 1
        if ask.open == 0:
            del self._asks[ask.request.id]
            self.writer.done(ask.request.id, ask.prompt_tokens, ask.completion_tokens)

    def _fail(self, request_id: str, error: Exception) -> None:
        self._asks.pop(request_id, None)
        if not isinstance(error, Refusal):
            error = Refusal(f"The model failed: {type(error).__name__}: {error}", code="server_error", status=500)
        self.writer.error(request_id, error)
