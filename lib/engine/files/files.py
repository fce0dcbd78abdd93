"""`/v1/files`: uploads, and the result files that jobs and batches leave behind.

Bytes lie under generated ids and go there straight from the wire. Result files of jobs are stored plain and served in
base64, as OpenAI does.
"""

from __future__ import annotations

import base64
import re
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from lib.engine.bodies import take as take_body
from lib.engine.door.projects import project_of
from lib.engine.door.usage import check_disk
from lib.engine.errors import ApiError, invalid, no_file
from lib.engine.files.folder import Folder
from lib.engine.files.forms import Form, reading_form
from lib.engine.files.intake import PURPOSES, Checks, MayExpire, new_file
from lib.engine.idempotency import once
from lib.engine.limits import Limits
from lib.engine.paging import list_object, read_page, take
from lib.engine.store import Store
from lib.engine.tables import FileRow

__all__ = ["RESULTS", "Files", "Folder", "file_object", "find_file"]

RESULTS = "fine-tune-results"
RANGE = re.compile(r"bytes=(\d{1,15})-(\d{0,15})", re.ASCII)
FIELDS = ("purpose", "expires_after[anchor]", "expires_after[seconds]")


def file_object(row: FileRow) -> dict[str, Any]:
    """Return OpenAI's file object."""
    return {
        "id": row.id,
        "object": "file",
        "bytes": row.bytes,
        "created_at": row.created_at,
        "filename": row.filename,
        "purpose": row.purpose,
        "status": row.status,
        "status_details": row.status_details,
        "expires_at": row.expires_at,
    }


class Files:
    """The routes."""

    def __init__(self, store: Store, folder: Folder, checks: Checks, limits: Limits) -> None:
        self._store = store
        self._folder = folder
        self._checks = checks
        self._limits = limits

    def routes(self) -> list[Route]:
        """Return the routes under `/v1/files`."""
        return [
            Route("/v1/files", self.create, methods=["POST"]),
            Route("/v1/files", self.list, methods=["GET"]),
            Route("/v1/files/{file_id}", self.retrieve, methods=["GET"]),
            Route("/v1/files/{file_id}", self.delete, methods=["DELETE"]),
            Route("/v1/files/{file_id}/content", self.content, methods=["GET"]),
        ]

    async def create(self, request: Request) -> Response:
        """Take an upload: `file`, `purpose` and `expires_after` as multipart form fields."""
        async with reading_form(request, "file", self._folder, "file-", self._limits.file_bytes, FIELDS) as form:
            answer = await run_in_threadpool(self._add, request, form)
        return JSONResponse(answer)

    def _add(self, request: Request, form: Form) -> dict[str, Any]:
        purpose, seconds = _purpose(form.fields), _seconds(form.fields)
        if not form.file.size:
            raise invalid("The file is empty. Upload a file with at least one line.", "file", "empty_file")
        stored = form.file.finish()
        kept = False
        try:
            contents = {"name": form.filename, "purpose": purpose, "sha256": stored.sha256, "seconds": seconds}
            row = new_file(stored, project_of(request), form.filename, purpose, seconds)
            self._checks.look(row)
            key = once(request, contents)
            with self._store.writing() as session:
                answer = key.recall(session)
                if answer is None:
                    check_disk(session, row.project, row.bytes, self._limits)
                    session.add(row)
                    session.flush()
                    answer = file_object(row)
                    key.remember(session, answer)
            kept = answer["id"] == stored.id
        finally:
            if not kept:
                self._folder.remove(stored.id)
        self._checks.arrived()
        return answer

    def list(self, request: Request) -> Response:
        """List files, newest first."""
        page = read_page(request, default=10_000, most=10_000)
        purpose = request.query_params.get("purpose")
        where = [FileRow.project == project_of(request), *([FileRow.purpose == purpose] if purpose else [])]
        with self._store.reading() as session:
            rows, more = take(session, FileRow, where, page)
            return JSONResponse(list_object([file_object(row) for row in rows], more, ends=True))

    def retrieve(self, request: Request) -> Response:
        """Return one file object."""
        return JSONResponse(file_object(self._find(request)))

    def content(self, request: Request) -> Response:
        """Return a file's bytes; those of a result file in base64."""
        row = self._find(request)
        path = self._folder.path(row.id)
        if not path.exists():  # deleted a moment ago
            raise no_file(row.id)
        if row.purpose == RESULTS:
            return Response(base64.b64encode(path.read_bytes()), media_type="text/plain")
        _check_range(request, row.bytes)
        return FileResponse(path, media_type="application/octet-stream", filename=row.filename)

    def delete(self, request: Request) -> Response:
        """Delete a file."""
        with self._store.writing() as session:
            row = find_file(session, request.path_params["file_id"], project_of(request))
            session.delete(row)
        self._folder.remove(row.id)
        return JSONResponse({"id": row.id, "object": "file", "deleted": True})

    def _find(self, request: Request) -> FileRow:
        with self._store.reading() as session:
            return find_file(session, request.path_params["file_id"], project_of(request))


def find_file(session: Session, file_id: str, project: str) -> FileRow:
    """Return the row of a project's file, or refuse the id."""
    row = session.scalar(select(FileRow).where(FileRow.id == file_id, FileRow.project == project))
    if row is None:
        raise no_file(file_id)
    return row


def _check_range(request: Request, size: int) -> None:
    """Refuse a part beyond the end; forget what is not one plain range, as RFC 9110 (14.2) lets a server do."""
    given = request.headers.get("range")
    plain = RANGE.fullmatch(given or "")
    if plain and int(plain[1]) >= size:
        headers = {"Content-Range": f"bytes */{size}"}
        raise ApiError(416, f"The file has {size} bytes.", param="Range", code="invalid_range", headers=headers)
    if given and not (plain and int(plain[1]) <= int(plain[2] or size)):
        request.scope["headers"] = [pair for pair in request.scope["headers"] if pair[0] != b"range"]


def _purpose(fields: dict[str, str]) -> str:
    if fields.get("purpose") not in PURPOSES:
        raise invalid(f"'purpose' must be one of {sorted(PURPOSES)}.", "purpose", "invalid_value")
    return fields["purpose"]


def _seconds(fields: dict[str, str]) -> int | None:
    """Read `expires_after` as a form spells it: one field for each of its parts."""
    policy: dict[str, Any] = {
        part: fields[name] for part in ("anchor", "seconds") if (name := f"expires_after[{part}]") in fields
    }
    if policy.get("seconds", "").isascii() and policy.get("seconds", "").isdigit():
        policy["seconds"] = int(policy["seconds"][:9])
    return take_body({"expires_after": policy or None}, MayExpire).seconds
