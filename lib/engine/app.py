"""Composition: which parts the engine has, which routes they serve, what starts and stops with it.

Promises that every answer that is not a success is an OpenAI error object, and that no traceback leaves the
process. Knows nothing of how a part does its work.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnection
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Match, Route

from lib.engine.answers.again import Again
from lib.engine.answers.generate import Generate
from lib.engine.answers.vllm import Vllm
from lib.engine.answers.worker_process import Worker
from lib.engine.batches.batches import BatchRoutes
from lib.engine.batches.run import Batches
from lib.engine.door.guard import Guard, is_loopback
from lib.engine.door.keys import Keys
from lib.engine.errors import ApiError, server_error
from lib.engine.files.expiry import Expiry
from lib.engine.files.files import Files
from lib.engine.files.folder import Folder
from lib.engine.files.intake import Checks
from lib.engine.files.uploads import Uploads
from lib.engine.hooks.deliveries import Deliveries
from lib.engine.hooks.webhooks import Webhooks
from lib.engine.ids import new_id
from lib.engine.jobs.control import Control
from lib.engine.jobs.events import Events
from lib.engine.jobs.jobs import Jobs, Wakers
from lib.engine.limits import DEFAULTS, Limits
from lib.engine.models.bases import Bases
from lib.engine.models.models import Models
from lib.engine.models.permissions import Permissions
from lib.engine.queue.queue import Queue, Trainers
from lib.engine.store import Store
from lib.engine.trouble import refusal_of

TRAINER = Trainers((sys.executable, "-m", "lib.engine.training"))
WORKER = (sys.executable, "-m", "lib.engine.serving")
CLIENT_CLOSED_REQUEST = 499
log = logging.getLogger(__name__)


class Engine:
    """One engine on one home folder; `app` is the ASGI application."""

    def __init__(  # noqa: PLR0913 - the parts it is put together from
        self,
        home: Path,
        *,
        host: str = "127.0.0.1",
        api_key: str = "",
        models: Path | Bases | None = None,
        limits: Limits = DEFAULTS,
        trainer: Trainers = TRAINER,
        worker: Sequence[str] = WORKER,
        vllm: str = "",
    ) -> None:
        self._store = Store(home / "engine.db")
        self._deliveries = Deliveries(self._store)
        self._keys = Keys(self._store, api_key, may_be_open=is_loopback(host))
        self._worker = Worker(worker, limits.streams, limits.project_streams)
        self._vllm = Vllm(vllm) if vllm else None
        folder = Folder(home / "files")
        parts = Folder(home / "uploads")
        self._checks = Checks(self._store, folder, limits)
        self._expiry = Expiry(self._store, folder, parts)
        bases = models if isinstance(models, Bases) else Bases(models)
        catalogue = Models(self._store, bases, self._worker.forget)
        trainers = replace(trainer, cap=limits.project_running, rows=limits.file_rows)
        self._queue = Queue(self._store, folder, catalogue, home / "jobs", trainers, self._worker.warm)
        rules = trainers.rules
        wakers = Wakers(self._queue.arrived, self._queue.stopped)
        generate = Generate(catalogue, self._worker, limits, self._vllm, Again(self._store))
        self._batches = Batches(self._store, folder, home / "batches", limits, generate.answer, catalogue.is_known)
        self.app = Starlette(
            routes=[
                Route("/healthz", _health),
                *Files(self._store, folder, self._checks, limits).routes(),
                *Uploads(self._store, parts, folder, self._checks, limits).routes(),
                *Jobs(self._store, catalogue, wakers, limits, rules).routes(),
                *Control(self._store, wakers, rules).routes(),
                *Events(self._store).routes(),
                *catalogue.routes(),
                *Permissions(self._store).routes(),
                *generate.routes(),
                *BatchRoutes(self._store, limits, self._batches.changed).routes(),
                *Webhooks(self._store, self._deliveries, limits).routes(),
            ],
            middleware=[Middleware(Guard, host=host, keys=self._keys, limits=limits)],
            exception_handlers={
                ApiError: _refused,
                HTTPException: _not_routed,
                ClientDisconnect: _left,
                OSError: _in_trouble,
                DBAPIError: _in_trouble,
                NoConnection: _in_trouble,
                Exception: _unexpected,
            },
            lifespan=self._lifespan,
        )
        self.app.router.redirect_slashes = False  # an address with a slash too many is none, and is told so

    @property
    def has_key(self) -> bool:
        """Tell whether anyone could come in from the network."""
        return self._keys.any()

    @asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        await self._expiry.start()
        await self._queue.start()
        await self._deliveries.start()
        await self._checks.start()
        await self._batches.start()
        yield
        await self._batches.stop()
        await self._checks.stop()
        await self._expiry.stop()
        await self._queue.stop()
        await self._deliveries.stop()
        await self._worker.stop()
        if self._vllm:
            await self._vllm.close()
        self._keys.close()
        self._store.close()


async def _health(_request: Request) -> Response:
    return JSONResponse({"status": "ok"})


async def _refused(_request: Request, problem: Exception) -> Response:
    assert isinstance(problem, ApiError)  # noqa: S101 - the handler table says so
    return problem.response()


async def _not_routed(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, HTTPException)  # noqa: S101 - the handler table says so
    where = f"{request.method} {request.url.path}"
    if problem.status_code == 404:
        return ApiError(404, f"Invalid URL ({where}). {_hint(request.url.path)}", code="unknown_url").response()
    if problem.status_code == 405:
        headers = {"Allow": ", ".join(sorted(_methods_here(request)))}
        return ApiError(405, f"Not allowed: {where}", code="method_not_supported", headers=headers).response()
    return ApiError(problem.status_code, problem.detail, headers=problem.headers).response()


def _hint(path: str) -> str:
    if not path.startswith("/v1/"):
        return "Addresses here begin with '/v1/': is it missing in your base URL?"
    return (
        "This engine offers files, uploads, fine_tuning, models, completions, chat/completions, batches and "
        "webhook_endpoints."
    )


def _methods_here(request: Request) -> set[str]:
    """Return what the address does serve; Starlette would name the methods of the first route on it alone."""
    routes = [route for route in request.app.routes if isinstance(route, Route)]
    return {
        method
        for route in routes
        if route.matches(request.scope)[0] is not Match.NONE
        for method in route.methods or ()
    }


async def _left(_request: Request, _problem: Exception) -> Response:
    """Close the books on a request whose client has hung up; nobody reads this."""
    return Response(status_code=CLIENT_CLOSED_REQUEST)


async def _in_trouble(request: Request, problem: Exception) -> Response:
    refusal = refusal_of(problem)
    if refusal is None:
        return await _unexpected(request, problem)
    log.warning("refused %s: %s", request.url.path.split("/")[1:3], problem)
    return refusal.response()


async def _unexpected(_request: Request, problem: Exception) -> Response:
    reference = new_id("err_", 12)
    log.error("unexpected error %s", reference, exc_info=problem)
    return server_error(f"The engine had an unexpected problem. Its log has the details under {reference}.").response()
