"""`/v1/webhook_endpoints`: the addresses that are told when a project's jobs and batches end, as OpenAI's SDK asks.

Only the operator may: whoever names an address makes this machine call it. The same addresses are on the command
line as `python -m lib.engine hooks`. A secret is answered once, when it is made.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import Field, StringConstraints
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from lib.engine.bodies import Body, read_body
from lib.engine.door.projects import need_operator, project_of
from lib.engine.errors import ApiError, invalid
from lib.engine.hooks.deliveries import Deliveries, Letter, letter_of
from lib.engine.hooks.hooks import EVENT_TYPES, EventType, add_hook, check_url, new_event, new_secret, remove_hook
from lib.engine.idempotency import once
from lib.engine.ids import new_id
from lib.engine.limits import Limits
from lib.engine.paging import list_object, read_page, take
from lib.engine.store import Store
from lib.engine.tables import HookRow, now

OLD_SECRET_SECONDS = 24 * 3600
Name = Annotated[str, StringConstraints(min_length=1, max_length=255)]
Act = Callable[[Session, Request, Any], dict[str, Any]]
EventTypes = Annotated[list[EventType], Field(min_length=1)]


class CreateRequest(Body):
    """The body of `POST /v1/webhook_endpoints`."""

    event_types: EventTypes
    name: Name
    url: str


class UpdateRequest(Body):
    """The body of `POST /v1/webhook_endpoints/{hook_id}`: what is left out stays."""

    event_types: EventTypes | None = None
    name: Name | None = None
    url: str | None = None


class RotateRequest(Body):
    """The body of `POST /v1/webhook_endpoints/{hook_id}/rotate_secret`."""

    keep_old_secret_active_for_24_hours: bool = False


class TestRequest(Body):
    """The body of `POST /v1/webhook_endpoints/{hook_id}/test`."""

    event_type: EventType


def endpoint_object(row: HookRow, *, with_secret: bool = False) -> dict[str, Any]:
    """Return OpenAI's webhook endpoint object."""
    secret = {"signing_secret": row.secret} if with_secret else {}
    return {
        "object": "webhook_endpoint",
        "id": row.id,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
        "name": row.name,
        "url": row.url,
        "event_types": list(EVENT_TYPES if row.event_types is None else row.event_types),
        "signing_secret_hint": f"whsec_...{row.secret[-4:]}",
        **secret,
    }


class Webhooks:
    """The routes."""

    def __init__(self, store: Store, deliveries: Deliveries, limits: Limits) -> None:
        self._store = store
        self._deliveries = deliveries
        self._limits = limits

    def routes(self) -> list[Route]:
        """Return the routes under `/v1/webhook_endpoints`, and the one that lists what there is to tell."""
        path = "/v1/webhook_endpoints"
        return [
            Route("/v1/webhook_event_types", _event_types, methods=["GET"]),
            Route(path, self.create, methods=["POST"]),
            Route(path, self.list, methods=["GET"]),
            Route(path + "/{hook_id}", self.retrieve, methods=["GET"]),
            Route(path + "/{hook_id}", self.update, methods=["POST"]),
            Route(path + "/{hook_id}", self.delete, methods=["DELETE"]),
            Route(path + "/{hook_id}/rotate_secret", self.rotate_secret, methods=["POST"]),
            Route(path + "/{hook_id}/test", self.test, methods=["POST"]),
        ]

    async def create(self, request: Request) -> Response:
        """Add an address and answer its secret."""
        need_operator(request)
        asked = await read_body(request, CreateRequest)
        return await self._once(request, asked, self._add)

    def _add(self, session: Session, request: Request, asked: CreateRequest) -> dict[str, Any]:
        types = list(dict.fromkeys(asked.event_types))
        row = add_hook(session, project_of(request), asked.url, self._limits, name=asked.name, event_types=types)
        return endpoint_object(row, with_secret=True)

    def list(self, request: Request) -> Response:
        """List addresses, newest first."""
        need_operator(request)
        page = read_page(request, default=20, most=100)
        with self._store.reading() as session:
            rows, more = take(session, HookRow, [HookRow.project == project_of(request)], page)
            return JSONResponse(list_object([endpoint_object(row) for row in rows], more, ends=True))

    def retrieve(self, request: Request) -> Response:
        """Return one address."""
        need_operator(request)
        with self._store.reading() as session:
            return JSONResponse(endpoint_object(_find(session, request)))

    async def update(self, request: Request) -> Response:
        """Change an address, its name, or what it is told."""
        need_operator(request)
        asked = await read_body(request, UpdateRequest)
        return await self._once(request, asked, _change)

    def delete(self, request: Request) -> Response:
        """Forget an address and what it was still to be told."""
        need_operator(request)
        with self._store.writing() as session:
            row = _find(session, request)
            remove_hook(session, row.id)
        return JSONResponse({"object": "webhook_endpoint.deleted", "id": row.id, "deleted": True})

    async def rotate_secret(self, request: Request) -> Response:
        """Make a new secret; the old one may sign beside it for a day, until every receiver has the new one."""
        need_operator(request)
        asked = await read_body(request, RotateRequest)
        return await self._once(request, asked, _rotate)

    async def test(self, request: Request) -> Response:
        """Send a sample now, and tell what the address answered."""
        need_operator(request)
        asked = await read_body(request, TestRequest)
        letter, hook_id = await run_in_threadpool(self._sample, request, asked.event_type)
        status = await self._deliveries.send(letter)
        if isinstance(status, str):
            raise invalid(f"The address could not be reached: {status}.", "url", "webhook_unreachable")
        answer = {"event_type": asked.event_type, "status_code": status, "success": True}
        return JSONResponse({"object": "webhook_endpoint.test", "webhook_endpoint_id": hook_id, **answer})

    def _sample(self, request: Request, type: str) -> tuple[Letter, str]:
        with self._store.reading() as session:
            row = _find(session, request)
            data_id = new_id("batch_" if type.startswith("batch") else "ftjob-")
            return letter_of(row, new_id("wh_"), new_event(type, data_id)), row.id

    async def _once(self, request: Request, asked: Body, act: Act) -> Response:
        key = once(request, asked.model_dump())

        def run() -> dict[str, Any]:
            with self._store.writing() as session:
                if given := key.recall(session):
                    return given
                answer = act(session, request, asked)
                key.remember(session, answer)
                return answer

        return JSONResponse(await run_in_threadpool(run))


def _change(session: Session, request: Request, asked: UpdateRequest) -> dict[str, Any]:
    row = _find(session, request)
    if asked.url is not None:
        check_url(asked.url)
    changes = asked.model_dump(exclude_none=True)
    if any(getattr(row, name) != value for name, value in changes.items()):
        for name, value in changes.items():
            setattr(row, name, value)
        row.updated_at = now()
    return endpoint_object(row)


def _rotate(session: Session, request: Request, asked: RotateRequest) -> dict[str, Any]:
    row = _find(session, request)
    keep = asked.keep_old_secret_active_for_24_hours
    row.old_secret, row.old_secret_until = (row.secret, now() + OLD_SECRET_SECONDS) if keep else (None, None)
    row.secret, row.updated_at = new_secret(), now()
    return endpoint_object(row, with_secret=True)


def _find(session: Session, request: Request) -> HookRow:
    hook_id = request.path_params["hook_id"]
    row = session.scalar(select(HookRow).where(HookRow.id == hook_id, HookRow.project == project_of(request)))
    if row is None:
        raise ApiError(404, f"No such webhook endpoint: {hook_id}", param="webhook_endpoint_id")
    return row


async def _event_types(_request: Request) -> Response:
    return JSONResponse({"object": "list", "data": list(EVENT_TYPES)})
