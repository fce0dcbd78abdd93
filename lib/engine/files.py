"""`/v1/files`: uploads, and the result files that jobs leave behind.

Bytes lie under generated ids, written to a temporary name, synced and renamed: no path is made from a client's
string, and no half-written file is ever listed. Result files are stored plain and served in base64, as OpenAI does.
"""

from __future__ import annotations

import base64
import errno
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from lib.engine.errors import ApiError, invalid, no_file
from lib.engine.idempotency import Once, once
from lib.engine.ids import new_id
from lib.engine.paging import list_object, read_page, take
from lib.engine.projects import project_of
from lib.engine.store import Store
from lib.engine.tables import FileRow

PURPOSES = frozenset({"assistants", "batch", "evals", "fine-tune", "user_data", "vision"})
RESULTS = "fine-tune-results"
LONGEST_NAME = 255
_CHUNK = 1024 * 1024


def file_object(row: FileRow) -> dict[str, Any]:
    """Return OpenAI's file object."""
    return {
        "id": row.id,
        "object": "file",
        "bytes": row.bytes,
        "created_at": row.created_at,
        "filename": row.filename,
        "purpose": row.purpose,
        "status": "processed",
        "status_details": None,
        "expires_at": None,
    }


@dataclass(frozen=True)
class Stored:
    """Bytes that lie safely on disk under `id`."""

    id: str
    size: int
    sha256: str


class Folder:
    """The folder of file contents."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.mkdir(parents=True, exist_ok=True)
        for left_over in path.glob("*.part"):
            left_over.unlink()

    def path(self, file_id: str) -> Path:
        """Return where the bytes of a file lie; `file_id` must come from the store, never from a request."""
        return self._path / file_id

    def save(self, source: BinaryIO) -> Stored:
        """Copy `source` to disk under a new id."""
        file_id, digest, size = new_id("file-"), hashlib.sha256(), 0
        part = self._path / f"{file_id}.part"
        try:
            with part.open("wb") as target:
                while chunk := source.read(_CHUNK):
                    size += target.write(chunk)
                    digest.update(chunk)
                target.flush()
                os.fsync(target.fileno())
            part.replace(self.path(file_id))
        except OSError:
            part.unlink(missing_ok=True)
            raise
        return Stored(file_id, size, digest.hexdigest())

    def remove(self, file_id: str) -> None:
        """Delete the bytes of a file."""
        self.path(file_id).unlink(missing_ok=True)


class Files:
    """The routes."""

    def __init__(self, store: Store, folder: Folder) -> None:
        self._store = store
        self._folder = folder

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
        """Take an upload: `file` and `purpose` as multipart form fields."""
        if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
            raise ApiError(415, "Send the file as 'multipart/form-data'.", code="unsupported_content_type")
        async with request.form(max_files=1, max_fields=20) as form:
            upload, purpose = form.get("file"), form.get("purpose")
            for name in form:
                if name not in ("file", "purpose"):
                    raise invalid(f"Unrecognized request argument supplied: {name}", name, "unknown_parameter")
            if not isinstance(upload, UploadFile):
                raise invalid("Missing required parameter: 'file'.", "file", "missing_required_parameter")
            if purpose not in PURPOSES:
                raise invalid(f"'purpose' must be one of {sorted(PURPOSES)}.", "purpose", "invalid_value")
            answer = await run_in_threadpool(self._add, request, upload, str(purpose))
        return JSONResponse(answer)

    def _add(self, request: Request, upload: UploadFile, purpose: str) -> dict[str, Any]:
        name = _shown_name(upload.filename or "")
        try:
            stored = self._folder.save(upload.file)
        except OSError as problem:
            if problem.errno != errno.ENOSPC:
                raise
            raise ApiError(507, "The engine's disk is full.", type="server_error", code="disk_full") from None
        try:
            if not stored.size:
                raise invalid("The file is empty. Upload a file with at least one line.", "file", "empty_file")
            key = once(request, {"name": name, "purpose": purpose, "sha256": stored.sha256})
            row = FileRow(id=stored.id, project=project_of(request), filename=name, purpose=purpose, bytes=stored.size)
            answer = self._record(row, key)
        except ApiError:
            self._folder.remove(stored.id)
            raise
        if answer["id"] != stored.id:
            self._folder.remove(stored.id)
        return answer

    def _record(self, row: FileRow, key: Once) -> dict[str, Any]:
        with self._store.writing() as session:
            if given := key.recall(session):
                return given
            session.add(row)
            session.flush()
            answer = file_object(row)
            key.remember(session, answer)
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
        if row.purpose == RESULTS:
            return Response(base64.b64encode(path.read_bytes()), media_type="text/plain")
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


def _shown_name(name: str) -> str:
    """Return the name as it will be shown: any text without control characters."""
    return "".join(c for c in name if c.isprintable())[:LONGEST_NAME] or "file"
