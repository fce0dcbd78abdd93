"""`/v1/completions` and `/v1/chat/completions`, whole or streamed.

Promises that what the worker refuses early is refused with a status, that what breaks off later ends the stream with
an error chunk, and that nobody's text is written on after they have gone.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from lib.engine.answers import ChatShape, Choice, CompletionShape, Shape, Usage
from lib.engine.bodies import read_body, take
from lib.engine.errors import INVALID, ApiError, invalid, no_model
from lib.engine.generate_request import ChatRequest, CompletionRequest, GenerateRequest
from lib.engine.models import Model, Models
from lib.engine.projects import project_of
from lib.engine.sse import DONE, KEEP_ALIVE, event_stream, frame, unless_gone
from lib.engine.worker_process import Event, Stream, Worker

SECONDS_FOR_A_STATUS = 2.0
"""How long a stream waits for the worker to accept or refuse before it commits to a 200."""
KEEP_ALIVE_SECONDS = 5.0


BODIES: dict[str, type[GenerateRequest]] = {
    "/v1/completions": CompletionRequest,
    "/v1/chat/completions": ChatRequest,
}
"""What a request for each endpoint holds."""


class Generate:
    """The routes."""

    def __init__(self, models: Models, worker: Worker) -> None:
        self._models = models
        self._worker = worker

    def routes(self) -> list[Route]:
        """Return both routes."""
        return [
            Route("/v1/completions", self.complete, methods=["POST"]),
            Route("/v1/chat/completions", self.chat, methods=["POST"]),
        ]

    async def complete(self, request: Request) -> Response:
        """Go on from a prompt."""
        return await self._respond(request, await read_body(request, CompletionRequest))

    async def chat(self, request: Request) -> Response:
        """Answer a chat."""
        return await self._respond(request, await read_body(request, ChatRequest))

    async def answer(self, body: dict[str, Any], endpoint: str, project: str) -> dict[str, Any]:
        """Return the whole answer to one line of a batch; raise `ApiError` where a request would be refused."""
        asked = take(body, BODIES[endpoint])
        if asked.stream:
            raise invalid("A request in a batch cannot stream its answer.", "stream", "invalid_value")
        model = await self._model(asked, project)
        async with self._writing(asked, model) as answers:
            return _shape(asked, model).whole(*await _collect(answers))

    async def _model(self, asked: GenerateRequest, project: str) -> Model:
        asked.check()
        model = await run_in_threadpool(self._models.find, asked.model, project)
        if model is None:
            raise no_model(asked.model)
        if model.path is None:
            message = f"'{model.id}' has not learned anything yet: tune it first, then ask the tuned model."
            raise invalid(message, "model", "model_not_trained")
        return model

    async def _respond(self, request: Request, asked: GenerateRequest) -> Response:
        model = await self._model(asked, project_of(request))
        shape = _shape(asked, model)
        if asked.stream:
            answers = await self._ask(asked, model)
            early = await answers.first_event(SECONDS_FOR_A_STATUS)
            options = asked.stream_options
            counted = bool(options and options.include_usage)
            return event_stream(_frames(answers, early, shape, counted))
        async with self._writing(asked, model) as answers:
            return JSONResponse(shape.whole(*await unless_gone(request, _collect(answers))))

    async def _ask(self, asked: GenerateRequest, model: Model) -> Answers:
        """Hand every prompt to the worker."""
        answers = Answers(asked.n or 1)
        try:
            for ask in asked.asks():
                answers.streams.append(await self._worker.generate({"model": str(model.path), **ask}))
        except BaseException:
            answers.close()
            raise
        return answers

    @asynccontextmanager
    async def _writing(self, asked: GenerateRequest, model: Model) -> AsyncIterator[Answers]:
        """Hold the answers while they are read; what is left of them then is cancelled."""
        answers = await self._ask(asked, model)
        try:
            yield answers
        finally:
            answers.close()


@dataclass(frozen=True)
class Piece:
    """What became of one answer: more text, or its end."""

    index: int
    text: str = ""
    finish_reason: str | None = None


class Answers:
    """Everything the worker writes for one request; each prompt has a stream with `n` answers in it."""

    def __init__(self, n: int) -> None:
        self._n = n
        self.streams: list[Stream] = []
        self._prompt_tokens = 0
        self._completion_tokens = 0

    @property
    def count(self) -> int:
        """Return how many answers were asked for."""
        return self._n * len(self.streams)

    @property
    def usage(self) -> Usage:
        """Return the tokens counted so far: exact at the end."""
        return Usage(self._prompt_tokens, self._completion_tokens)

    async def first_event(self, patience: float) -> Event | None:
        """Return the first event if it comes soon; raise if it is a refusal. Without one, nothing goes on."""
        try:
            event = await self.streams[0].next(patience)
            if event["event"] == "error":
                raise _refusal(event)
        except TimeoutError:
            return None
        except BaseException:
            self.close()
            raise
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
                if piece := self._read(event, number):
                    yield piece

    def _read(self, event: Event, number: int) -> Piece | None:
        match event["event"]:
            case "text":
                return Piece(number * self._n + event["index"], event["text"])
            case "end":
                return Piece(number * self._n + event["index"], finish_reason=event["finish_reason"])
            case "done":
                self._prompt_tokens += event["prompt_tokens"]
                self._completion_tokens += event["completion_tokens"]
            case "error":
                raise _refusal(event)
        return None

    def close(self) -> None:
        """Cancel whatever is still being written."""
        for stream in self.streams:
            stream.close()


def _refusal(event: Event) -> ApiError:
    status = event["status"]
    kind = INVALID if status < 500 else "server_error"
    return ApiError(status, event["message"], type=kind, code=event.get("code"))


async def _collect(answers: Answers) -> tuple[list[Choice], Usage]:
    choices = [Choice() for _ in range(answers.count)]
    async for piece in answers.pieces():
        if piece:
            choices[piece.index].text += piece.text
            choices[piece.index].finish_reason = piece.finish_reason
    return choices, answers.usage


async def _frames(answers: Answers, early: Event | None, shape: Shape, with_usage: bool) -> AsyncIterator[bytes]:
    """Yield the frames of a stream; closing it, as a reader who leaves does, cancels the writing."""
    blank: dict[str, Any] = {"usage": None} if with_usage else {}
    try:
        for index in range(answers.count):
            if opening := shape.opening(index):
                yield frame(opening | blank)
        async for piece in answers.pieces(early, KEEP_ALIVE_SECONDS):
            if piece is None:
                yield KEEP_ALIVE
            elif piece.finish_reason:
                yield frame(shape.end(piece.index, piece.finish_reason) | blank)
            else:
                yield frame(shape.piece(piece.index, piece.text) | blank)
        if with_usage:
            yield frame(shape.last() | {"usage": answers.usage.to_json()})
        yield DONE
    except ApiError as problem:
        yield frame(problem.body())
    finally:
        answers.close()


def _shape(asked: GenerateRequest, model: Model) -> Shape:
    kind = ChatShape if isinstance(asked, ChatRequest) else CompletionShape
    return kind(model.id, fingerprint(model))


def fingerprint(model: Model) -> str:
    """Return a mark that changes when the model behind an id does."""
    return "fp_" + hashlib.sha256(f"{model.id} {model.created}".encode()).hexdigest()[:10]
