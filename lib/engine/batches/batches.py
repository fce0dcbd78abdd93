"""`/v1/batches`: create, list, retrieve, cancel.

A batch is one row from the moment it is accepted; `batch_run` does the rest. Knows nothing of how requests are asked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import Field
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from lib.engine.batches import rows as batch_rows
from lib.engine.bodies import Body, read_body
from lib.engine.door.projects import project_of
from lib.engine.door.usage import check_disk
from lib.engine.errors import ApiError, busy, invalid
from lib.engine.files.intake import ExpiresAfter
from lib.engine.idempotency import Once, once
from lib.engine.ids import new_id
from lib.engine.jobs.request import Metadata
from lib.engine.limits import Limits
from lib.engine.paging import list_object, read_page, take
from lib.engine.store import Store
from lib.engine.tables import BatchRow, FileRow, now

ENDPOINTS = ("/v1/chat/completions", "/v1/completions")
WINDOW_SECONDS = 24 * 3600
TIMES = ("in_progress", "finalizing", "completed", "failed", "expired", "cancelling", "cancelled")


class BatchRequest(Body):
    """The body of `POST /v1/batches`."""

    input_file_id: str
    endpoint: str
    completion_window: Literal["24h"]
    metadata: Annotated[Metadata, Field(max_length=16)] | None = None
    output_expires_after: ExpiresAfter | None = None


def batch_object(row: BatchRow) -> dict[str, Any]:
    """Return OpenAI's batch object."""
    return {
        "id": row.id,
        "object": "batch",
        "endpoint": row.endpoint,
        "model": row.model,
        "errors": {"object": "list", "data": row.errors} if row.errors else None,
        "input_file_id": row.input_file,
        "completion_window": row.completion_window,
        "status": row.status,
        "output_file_id": row.output_file,
        "error_file_id": row.error_file,
        "created_at": row.created_at,
        "expires_at": row.expires_at,
        **{f"{status}_at": row.times.get(f"{status}_at") for status in TIMES},
        "request_counts": {"total": row.total, "completed": row.completed, "failed": row.failed},
        "usage": row.usage,
        "metadata": row.meta,
    }


class BatchRoutes:
    """The routes. `changed` is called when there is something to do."""

    def __init__(self, store: Store, limits: Limits, changed: Callable[[], None]) -> None:
        self._store = store
        self._limits = limits
        self._changed = changed

    def routes(self) -> list[Route]:
        """Return the routes under `/v1/batches`."""
        return [
            Route("/v1/batches", self.create, methods=["POST"]),
            Route("/v1/batches", self.list, methods=["GET"]),
            Route("/v1/batches/{batch_id}", self.retrieve, methods=["GET"]),
            Route("/v1/batches/{batch_id}/cancel", self.cancel, methods=["POST"]),
        ]

    async def create(self, request: Request) -> Response:
        """Accept a batch."""
        asked = await read_body(request, BatchRequest)
        if asked.endpoint not in ENDPOINTS:
            message = f"Invalid value: '{asked.endpoint[:100]}'. Batches here go to {' or '.join(ENDPOINTS)}."
            raise invalid(message, "endpoint", "invalid_value")
        key = once(request, asked.model_dump())
        answer = await run_in_threadpool(self._add, asked, project_of(request), key)
        self._changed()
        return JSONResponse(answer)

    def _add(self, asked: BatchRequest, project: str, key: Once) -> dict[str, Any]:
        with self._store.writing() as session:
            if given := key.recall(session):
                return given
            _check_file(session, asked.input_file_id, project)
            self._check_room(session, project)
            made = now()
            row = BatchRow(
                id=new_id("batch_"),
                project=project,
                created_at=made,
                endpoint=asked.endpoint,
                input_file=asked.input_file_id,
                completion_window=asked.completion_window,
                output_expires_after=asked.output_expires_after.seconds if asked.output_expires_after else None,
                expires_at=made + WINDOW_SECONDS,
                times={},
                meta=asked.metadata,
            )
            session.add(row)
            session.flush()
            answer = batch_object(row)
            key.remember(session, answer)
            return answer

    def _check_room(self, session: Session, project: str) -> None:
        where = BatchRow.project == project, BatchRow.status.in_(batch_rows.WAITING)
        active = session.scalar(select(func.count()).where(*where)) or 0
        if active >= self._limits.project_batches:
            raise busy(f"{active} batches are waiting already. Try again later, or cancel some.", retry_after=60)
        check_disk(session, project, 0, self._limits)

    def list(self, request: Request) -> Response:
        """List batches, newest first."""
        page = read_page(request, default=20, most=100)
        with self._store.reading() as session:
            rows, more = take(session, BatchRow, [BatchRow.project == project_of(request)], page)
            return JSONResponse(list_object([batch_object(row) for row in rows], more, ends=True))

    def retrieve(self, request: Request) -> Response:
        """Return one batch object."""
        with self._store.reading() as session:
            return JSONResponse(batch_object(_find(session, request)))

    def cancel(self, request: Request) -> Response:
        """Stop a batch; what is answered by then is kept."""
        with self._store.writing() as session:
            row = _find(session, request)
            if row.status in batch_rows.CANCELLABLE:
                batch_rows.cancel(row)
            elif row.status not in ("cancelling", "cancelled"):
                message = f"Cannot cancel a batch with status '{row.status}'."
                raise invalid(message, "batch_id", "invalid_batch_status")
            answer = batch_object(row)
        self._changed()
        return JSONResponse(answer)


def _find(session: Session, request: Request) -> BatchRow:
    batch_id = request.path_params["batch_id"]
    mine = BatchRow.project == project_of(request)
    row = session.scalar(select(BatchRow).where(BatchRow.id == batch_id, mine))
    if row is None:
        raise ApiError(404, f"No batch found with id '{batch_id}'.", param="batch_id")
    return row


def _check_file(session: Session, file_id: str, project: str) -> None:
    purpose = session.scalar(select(FileRow.purpose).where(FileRow.id == file_id, FileRow.project == project))
    if purpose is None:
        raise invalid(f"There is no file '{file_id}'. Upload it first.", "input_file_id", "file_not_found")
    if purpose != "batch":
        message = f"File '{file_id}' has purpose '{purpose}', not 'batch'."
        raise invalid(message, "input_file_id", "invalid_file_purpose")
