"""`/v1/completions` and `/v1/chat/completions`, whole or streamed.

Promises that what the worker refuses early is refused with a status, that what breaks off later ends the stream with
an error chunk, and that nobody's text is written on after they have gone.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from lib.engine.answers.again import Again
from lib.engine.answers.answering import Answers, best
from lib.engine.answers.answers import ChatShape, CompletionShape, Shape
from lib.engine.answers.chat_request import ChatRequest
from lib.engine.answers.generate_request import CompletionRequest, GenerateRequest
from lib.engine.answers.sse import DONE, KEEP_ALIVE, event_stream, frame, unless_gone
from lib.engine.answers.vllm import Vllm
from lib.engine.answers.worker_process import Event, Worker
from lib.engine.bodies import read_body, take
from lib.engine.door.projects import project_of
from lib.engine.errors import ApiError, invalid, no_model
from lib.engine.limits import DEFAULTS, Limits
from lib.engine.models.fingerprint import fingerprint
from lib.engine.models.models import Model, Models

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

    def __init__(
        self,
        models: Models,
        worker: Worker,
        limits: Limits = DEFAULTS,
        elsewhere: Vllm | None = None,
        again: Again | None = None,
    ) -> None:
        self._models = models
        self._worker = worker
        self._limits = limits
        self._elsewhere = elsewhere
        self._again = again

    def routes(self) -> list[Route]:
        """Return both routes."""
        return [
            Route("/v1/completions", self.complete, methods=["POST"]),
            Route("/v1/chat/completions", self.chat, methods=["POST"]),
        ]

    async def complete(self, request: Request) -> Response:
        """Go on from a prompt."""
        return await self._respond_once(request, await read_body(request, CompletionRequest))

    async def chat(self, request: Request) -> Response:
        """Answer a chat."""
        return await self._respond_once(request, await read_body(request, ChatRequest))

    async def answer(self, body: dict[str, Any], endpoint: str, project: str) -> dict[str, Any]:
        """Return the whole answer to one line of a batch; raise `ApiError` where a request would be refused."""
        asked = take(body, BODIES[endpoint])
        if asked.stream:
            raise invalid("A request in a batch cannot stream its answer.", "stream", "invalid_value")
        asked.check(self._limits)
        model, shape = await run_in_threadpool(self._prepare, asked, project)
        return await self._whole(asked, model, shape, project)

    async def _respond_once(self, request: Request, asked: GenerateRequest) -> Response:
        if self._again is None:
            return await self._respond(request, asked)
        contents = partial(asked.model_dump, mode="json", by_alias=True)
        return await self._again.respond(request, contents, lambda: self._respond(request, asked))

    async def _respond(self, request: Request, asked: GenerateRequest) -> Response:
        asked.check(self._limits)
        project = project_of(request)
        model, shape = await run_in_threadpool(self._prepare, asked, project)
        if self._elsewhere:
            body = asked.model_dump(mode="json", by_alias=True, exclude_unset=True)
            if told := await unless_gone(request, self._elsewhere.answer(request.url.path, body, model)):
                return told
        if asked.stream:
            answers = await self._ask(asked, model, project)
            early = await answers.first_event(SECONDS_FOR_A_STATUS)
            options = asked.stream_options
            counted = bool(options and options.include_usage)
            return event_stream(_frames(answers, early, shape, counted))
        return JSONResponse(await unless_gone(request, self._whole(asked, model, shape, project)))

    def _prepare(self, asked: GenerateRequest, project: str) -> tuple[Path, Shape]:
        """Find the model and read its mark: both look at the disk."""
        model = self._models.find(asked.model, project)
        if model is None or model.hub:
            raise no_model(asked.model)
        if model.path is None:
            message = f"'{model.id}' has not learned anything yet: tune it first, then ask the tuned model."
            raise invalid(message, "model", "model_not_trained")
        try:
            return model.path, _shape(asked, model, fingerprint(model.path))
        except OSError:  # deleted since
            raise no_model(asked.model) from None

    async def _ask(self, asked: GenerateRequest, model: Path, project: str) -> Answers:
        """Hand every prompt to the worker."""
        answers = Answers(asked.written)
        try:
            for ask in asked.asks(self._limits):
                answers.streams.append(await self._worker.generate({"model": str(model), **ask}, project))
        except BaseException:
            answers.close()
            raise
        return answers

    async def _whole(self, asked: GenerateRequest, model: Path, shape: Shape, project: str) -> dict[str, Any]:
        """Return an answer when all of it is written; cancel what is left if nobody waits any more."""
        answers = await self._ask(asked, model, project)
        try:
            choices = await answers.collect()
        finally:
            answers.close()
        return shape.whole(best(choices, asked.written, asked.answers), answers.usage)


async def _frames(answers: Answers, early: Event | None, shape: Shape, with_usage: bool) -> AsyncIterator[bytes]:
    """Yield the frames of a stream; closing it, as a reader who leaves does, cancels the writing."""
    blank: dict[str, Any] = {"usage": None} if with_usage else {}
    try:
        for index in range(answers.count):
            if opening := shape.opening(index):
                yield frame(opening | blank)
        async for piece in answers.pieces(early, KEEP_ALIVE_SECONDS):
            yield KEEP_ALIVE if piece is None else frame(shape.chunk(piece) | blank)
        if with_usage:
            yield frame(shape.last() | {"usage": answers.usage.to_json()})
        yield DONE
    except ApiError as problem:
        yield frame(problem.body())
    finally:
        answers.close()


def _shape(asked: GenerateRequest, model: Model, mark: str) -> Shape:
    if isinstance(asked, ChatRequest):
        return ChatShape(model.id, mark, bool(asked.logprobs))
    return CompletionShape(model.id, mark, asked.logprobs if isinstance(asked, CompletionRequest) else None)
