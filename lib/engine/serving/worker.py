"""The worker's one thread of writing: a stretch of one new prompt, then a token of every answer, and so on.

So whoever writes waits for one stretch at most, a newcomer for one token of the others, and a cancel takes effect at
the next token. Models are loaded in a thread beside it: those who already write go on.
"""

from __future__ import annotations

import json
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Any

from lib.engine.serving.batching import Group, Prompt, begin, make_group
from lib.engine.serving.decode import Answer
from lib.engine.serving.models import Loaded, Models
from lib.engine.serving.prompt import echo, encode
from lib.engine.serving.protocol import Refusal, Request, Writer, read_request
from lib.engine.serving.script import Piece
from lib.engine.serving.vocabulary import has_words, read_words


@dataclass
class Ask:
    """A request under way: how many of its answers are still being written."""

    request: Request
    open: int
    loaded: Loaded | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0


@dataclass(frozen=True)
class Reading:
    """A request whose prompt is being read, and the answers that wait for it."""

    ask: Ask
    loaded: Loaded
    ids: list[int]
    prompt: Prompt
    answers: list[Answer]


@dataclass
class Worker:
    """Hear lines, write answers."""

    writer: Writer
    models: Models = field(default_factory=Models)

    def __post_init__(self) -> None:
        self._inbox: SimpleQueue[Any] = SimpleQueue()
        self._asks: dict[str, Ask] = {}
        self._reading: deque[Reading] = deque()
        self._groups: dict[tuple[int, bool], Group] = {}
        self._loader = ThreadPoolExecutor(1, "loader")
        self._waiting = False
        self._turns, self._beaten = 0, 0

    def hear(self, line: str) -> None:
        """Take a line from whoever asks. Safe from any thread."""
        self._inbox.put(line)

    def run(self) -> None:
        """Write until the process ends."""
        while True:
            self.turn()

    def turn(self) -> None:
        """Handle what has come in (waiting if there is nothing to write), then write."""
        try:
            while True:
                self._handle(self._next())
                self.writer.flush()
        except Empty:
            pass
        self._turns += 1
        if self._reading:
            self._read(self._reading.popleft())
        for key, group in list(self._groups.items()):
            self._step(group)
            if not group.answers:
                del self._groups[key]
        if self._reading:
            self.writer.flush()  # the next stretch may take long
        else:
            self.writer.flush_due()

    def _next(self) -> Any:
        """Return what has come in; wait for it if there is nothing else to do."""
        try:
            return self._inbox.get_nowait()
        except Empty:
            if self._reading or self._groups:
                raise
        self._waiting = True
        item = self._inbox.get()
        self._waiting = False
        return item

    def beat(self) -> None:
        """Say that this worker moves, if it does and is asked something. For a thread beside."""
        turns, self._beaten = self._beaten, self._turns
        if self._asks and (self._waiting or turns != self._turns):
            self.writer.beat()

    def _handle(self, item: str | tuple[Request, Future[Loaded]]) -> None:
        if isinstance(item, tuple):
            self._loaded(*item)
            return
        try:
            command = json.loads(item)
            operation = command["op"]
            if operation == "generate":
                self._ask(read_request(command))
            elif operation == "cancel":
                self._drop(str(command["id"]))
            elif operation == "forget":
                self.models.forget(str(command["model"]))
        except (ValueError, KeyError, TypeError) as error:
            self.writer.error("", Refusal(f"Not a command: {error!r}.", code="invalid_request"))

    def _ask(self, request: Request) -> None:
        self._asks[request.id] = Ask(request, open=request.n)
        if loaded := self.models.at_hand(request.model):
            if has_words(loaded, request):
                self._prepare(request, loaded)
                return
            self.models.release(loaded)
        future = self._loader.submit(lambda: read_words(self.models.get(request.model), request))
        future.add_done_callback(lambda loaded: self._inbox.put((request, loaded)))

    def _loaded(self, request: Request, loading: Future[Loaded]) -> None:
        try:
            loaded = loading.result()
        except Exception as error:  # noqa: BLE001 - whatever a folder holds, the worker answers and goes on
            self._fail(request.id, error)
            return
        if request.id in self._asks:
            self._prepare(request, loaded)
        else:
            self.models.release(loaded)

    def _prepare(self, request: Request, loaded: Loaded) -> None:
        ask = self._asks[request.id]
        ask.loaded = loaded
        try:
            ids = encode(loaded, request)
            answers = [Answer(loaded, ids, request, index) for index in range(request.n)]
            prompt = Prompt(loaded, ids, every=request.prompt_logprobs)
            self._reading.append(Reading(ask, loaded, ids, prompt, answers))
        except Exception as error:  # noqa: BLE001 - whatever was asked, the worker answers and goes on
            self._fail(request.id, error)
            return
        ask.prompt_tokens = len(ids)
        self.writer.start(request.id, len(ids))

    def _read(self, reading: Reading) -> None:
        """Read a stretch of a prompt; behind the last, its answers begin."""
        request = reading.ask.request
        if request.id not in self._asks:
            return
        try:
            reading.prompt.read()
            if not reading.prompt.is_read:
                self._reading.append(reading)
                return
            if told := echo(reading.loaded, request, reading.ids, reading.prompt.logits):
                self.writer.prompt(request.id, told)
            for answer in reading.answers:
                self._begin(answer, reading)
        except Exception as error:  # noqa: BLE001 - one request's failure must not end the others
            self._fail(request.id, error)

    def _begin(self, answer: Answer, reading: Reading) -> None:
        if answer.limit == 0:
            self._tell(answer, Piece(finish_reason="length"))
            return
        piece, token = begin(answer, reading.prompt)
        self._tell(answer, piece)
        self.writer.flush()  # a first token waits for no other
        if piece.finish_reason is None:
            loaded = reading.loaded
            together = loaded.together and (loaded.is_exact or answer.request.seed is None)
            key = (id(loaded), together)
            group = self._groups.setdefault(key, make_group(loaded, together=together))
            group.join(answer, reading.prompt, token)

    def _step(self, group: Group) -> None:
        try:
            for answer, piece in group.step():
                self._tell(answer, piece)
        except Exception as error:  # noqa: BLE001 - one model's failure must not end the others
            for request_id in {answer.request.id for answer in group.answers}:
                self._fail(request_id, error)

    def _tell(self, answer: Answer, piece: Piece) -> None:
        request_id = answer.request.id
        if piece.text or piece.tokens:
            self.writer.text(request_id, answer.index, piece.text, piece.tokens)
        for call in piece.calls:
            self.writer.call(request_id, answer.index, call.name, call.arguments)
        if piece.finish_reason is None:
            return
        self.writer.end(request_id, answer.index, piece.finish_reason, answer.tokens)
        ask = self._asks[request_id]
        ask.completion_tokens += answer.tokens
        ask.open -= 1
        if ask.open == 0:
            self._close(request_id)
            self.writer.done(request_id, ask.prompt_tokens, ask.completion_tokens)

    def _drop(self, request_id: str) -> None:
        """Stop whatever is still done for a request."""
        self._close(request_id)
        for group in self._groups.values():
            for answer in [answer for answer in group.answers if answer.request.id == request_id]:
                group.leave(answer)

    def _close(self, request_id: str) -> None:
        ask = self._asks.pop(request_id, None)
        if ask and ask.loaded:
            self.models.release(ask.loaded)

    def _fail(self, request_id: str, error: Exception) -> None:
        if request_id not in self._asks:
            return
        self._drop(request_id)
        if not isinstance(error, Refusal):
            error = Refusal(f"The model failed: {type(error).__name__}: {error}", code="server_error", status=500)
        self.writer.error(request_id, error)
