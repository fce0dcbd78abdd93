"""`/v1/fine_tuning/checkpoints/{model}/permissions`: letting other projects ask a tuned model or a checkpoint.

Only the operator may, as with OpenAI it takes an organisation's admin. Promises that a project asks exactly its own
models and those that a permission names, from the moment it is given to the moment it is taken away.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, StringConstraints
from sqlalchemy import ColumnElement, delete, exists, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from lib.engine.bodies import Body, read_body
from lib.engine.door.projects import NAME, need_operator
from lib.engine.errors import ApiError, no_model
from lib.engine.idempotency import Once, once
from lib.engine.ids import new_id
from lib.engine.paging import list_object, read_page, take
from lib.engine.store import Store
from lib.engine.tables import CheckpointRow, ModelRow, PermissionRow

MOST_AT_ONCE = 100
ProjectId = Annotated[str, StringConstraints(pattern=f"^{NAME.pattern}$")]


class PermissionRequest(Body):
    """The body of `POST .../permissions`."""

    project_ids: Annotated[list[ProjectId], Field(min_length=1, max_length=MOST_AT_ONCE)]


def may_ask(project: str, owner: InstrumentedAttribute[str], model: InstrumentedAttribute[str]) -> ColumnElement[bool]:
    """Return the condition that a project owns a row, or that a permission names its model."""
    permitted = exists().where(PermissionRow.model == model, PermissionRow.project == project)
    return or_(owner == project, permitted)


def permission_object(row: PermissionRow) -> dict[str, Any]:
    """Return OpenAI's permission object."""
    return {
        "object": "checkpoint.permission",
        "id": row.id,
        "created_at": row.created_at,
        "project_id": row.project,
    }


class Permissions:
    """The routes."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def routes(self) -> list[Route]:
        """Return the routes; a model's id may hold colons and slashes."""
        path = "/v1/fine_tuning/checkpoints/{model:path}/permissions"
        return [
            Route(path, self.create, methods=["POST"]),
            Route(path, self.list, methods=["GET"]),
            Route(path + "/{permission_id}", self.delete, methods=["DELETE"]),
        ]

    async def create(self, request: Request) -> Response:
        """Let projects ask a model. A permission that is there already is answered as it is."""
        need_operator(request)
        asked = await read_body(request, PermissionRequest)
        key = once(request, asked.model_dump())
        return JSONResponse(await run_in_threadpool(self._add, request.path_params["model"], asked, key))

    def _add(self, model: str, asked: PermissionRequest, key: Once) -> dict[str, Any]:
        with self._store.writing() as session:
            if given := key.recall(session):
                return given
            _check_model(session, model)
            rows = [_permit(session, model, project) for project in dict.fromkeys(asked.project_ids)]
            answer = list_object([permission_object(row) for row in rows], False, ends=True)
            key.remember(session, answer)
            return answer

    def list(self, request: Request) -> Response:
        """List the permissions of a model, newest first, or those of one project."""
        need_operator(request)
        model, page = request.path_params["model"], read_page(request, default=10, most=100)
        where = [PermissionRow.model == model]
        if project := request.query_params.get("project_id"):
            where.append(PermissionRow.project == project)
        with self._store.reading() as session:
            _check_model(session, model)
            rows, more = take(session, PermissionRow, where, page)
            return JSONResponse(list_object([permission_object(row) for row in rows], more, ends=True))

    def delete(self, request: Request) -> Response:
        """Take a permission away."""
        need_operator(request)
        model, permission_id = request.path_params["model"], request.path_params["permission_id"]
        this = delete(PermissionRow).where(PermissionRow.model == model, PermissionRow.id == permission_id)
        with self._store.writing() as session:
            if session.execute(this.returning(PermissionRow.id)).first() is None:
                raise ApiError(404, f"No such permission: {permission_id}", param="permission_id")
        return JSONResponse({"object": "checkpoint.permission", "id": permission_id, "deleted": True})


def _check_model(session: Session, model: str) -> None:
    tuned = select(exists().where(ModelRow.id == model))
    checkpoint = select(exists().where(CheckpointRow.model == model))
    if not session.scalar(tuned) and not session.scalar(checkpoint):
        raise no_model(model)


def _permit(session: Session, model: str, project: str) -> PermissionRow:
    known = select(PermissionRow).where(PermissionRow.model == model, PermissionRow.project == project)
    row = session.scalar(known)
    if row is None:
        row = PermissionRow(id=new_id("cp_"), model=model, project=project)
        session.add(row)
        session.flush()
    return row
