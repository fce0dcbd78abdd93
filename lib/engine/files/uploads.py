"""`/v1/uploads`: a file that comes in parts, in any order, and is put together at the end.

Promises that completing is all or nothing, that completing again with the same parts gives the same file (a client
whose answer was lost asks again), and that the parts of what is finished or given up do not stay on the disk.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any

from pydantic import Field, StringConstraints
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from lib.engine.bodies import Body, read_body
from lib.engine.door.projects import project_of
from lib.engine.door.usage import check_disk
from lib.engine.errors import ApiError, invalid
from lib.engine.files.files import file_object
from lib.engine.files.folder import Folder, Stored
from lib.engine.files.forms import Form, reading_form, shown_name
from lib.engine.files.intake import PURPOSES, Checks, MayExpire, new_file
from lib.engine.files.joined import Joined
from lib.engine.idempotency import Once, once
from lib.engine.ids import new_id
from lib.engine.limits import Limits
from lib.engine.store import Store
from lib.engine.tables import FileRow, PartRow, UploadRow, now

SECONDS_TO_COMPLETE = 3600
"""OpenAI's own."""
MOST_PARTS = 10_000


class UploadRequest(MayExpire):
    """The body of `POST /v1/uploads`."""

    bytes: Annotated[int, Field(ge=1)]
    filename: Annotated[str, StringConstraints(min_length=1)]
    mime_type: Annotated[str, StringConstraints(max_length=255)]
    purpose: str


class CompleteRequest(Body):
    """The body of `POST /v1/uploads/{upload_id}/complete`; `md5` is hexadecimal."""

    part_ids: Annotated[list[str], Field(min_length=1, max_length=MOST_PARTS)]
    md5: Annotated[str, StringConstraints(pattern="^[0-9a-fA-F]{32}$")] | None = None


def upload_object(session: Session, row: UploadRow) -> dict[str, Any]:
    """Return OpenAI's upload object."""
    file = session.scalar(select(FileRow).where(FileRow.id == row.file_id)) if row.file_id else None
    return {
        "id": row.id,
        "object": "upload",
        "bytes": row.bytes,
        "created_at": row.created_at,
        "filename": row.filename,
        "purpose": row.purpose,
        "status": row.status,
        "expires_at": row.expires_at,
        "file": file_object(file) if file else None,
    }


def part_object(row: PartRow) -> dict[str, Any]:
    """Return OpenAI's part object."""
    return {"id": row.id, "object": "upload.part", "created_at": row.created_at, "upload_id": row.upload_id}


class Uploads:
    """The routes. `parts` is the folder of the parts, `files` that of whole files."""

    def __init__(self, store: Store, parts: Folder, files: Folder, checks: Checks, limits: Limits) -> None:
        self._store = store
        self._parts = parts
        self._files = files
        self._checks = checks
        self._limits = limits

    def routes(self) -> list[Route]:
        """Return the routes under `/v1/uploads`."""
        return [
            Route("/v1/uploads", self.create, methods=["POST"]),
            Route("/v1/uploads/{upload_id}/parts", self.add_part, methods=["POST"]),
            Route("/v1/uploads/{upload_id}/complete", self.complete, methods=["POST"]),
            Route("/v1/uploads/{upload_id}/cancel", self.cancel, methods=["POST"]),
        ]

    async def create(self, request: Request) -> Response:
        """Announce a file."""
        asked = await read_body(request, UploadRequest)
        if asked.purpose not in PURPOSES:
            raise invalid(f"'purpose' must be one of {sorted(PURPOSES)}.", "purpose", "invalid_value")
        if asked.bytes > self._limits.upload_bytes:
            raise invalid(f"An upload has at most {self._limits.upload_bytes} bytes.", "bytes", "invalid_value")
        return JSONResponse(await run_in_threadpool(self._create, request, asked))

    def _create(self, request: Request, asked: UploadRequest) -> dict[str, Any]:
        key, made = once(request, asked.model_dump()), now()
        row = UploadRow(
            id=new_id("upload_"),
            project=project_of(request),
            created_at=made,
            filename=shown_name(asked.filename),
            purpose=asked.purpose,
            mime_type=asked.mime_type,
            bytes=asked.bytes,
            expires_at=made + SECONDS_TO_COMPLETE,
            expires_after=asked.seconds,
        )

        def make(session: Session) -> dict[str, Any]:
            check_disk(session, row.project, row.bytes, self._limits)
            session.add(row)
            session.flush()
            return upload_object(session, row)

        return self._make(key, make)

    async def add_part(self, request: Request) -> Response:
        """Take a part: `data` as a multipart form field."""
        await run_in_threadpool(self._find_open, request)  # before a long body is read in vain
        async with reading_form(request, "data", self._parts, "part_", self._limits.part_bytes) as form:
            return JSONResponse(await run_in_threadpool(self._add_part, request, form))

    def _add_part(self, request: Request, form: Form) -> dict[str, Any]:
        if not form.file.size:
            raise invalid("The part is empty.", "data", "invalid_value")
        stored = form.file.finish()

        def make(session: Session) -> dict[str, Any]:
            upload = _open(_find(session, request))
            count = session.scalar(select(func.count()).where(PartRow.upload_id == upload.id)) or 0
            if count >= MOST_PARTS:
                raise invalid(f"An upload has at most {MOST_PARTS} parts.", "upload_id")
            check_disk(session, upload.project, stored.size, self._limits)
            row = PartRow(id=stored.id, upload_id=upload.id, bytes=stored.size)
            session.add(row)
            session.flush()
            return part_object(row)

        answer: dict[str, Any] = {}
        try:
            answer = self._make(once(request, {"sha256": stored.sha256}), make)
        finally:
            if answer.get("id") != stored.id:
                self._parts.remove(stored.id)
        return answer

    async def complete(self, request: Request) -> Response:
        """Put the parts together, in the order given."""
        asked = await read_body(request, CompleteRequest)
        return JSONResponse(await run_in_threadpool(self._complete, request, asked))

    def _complete(self, request: Request, asked: CompleteRequest) -> dict[str, Any]:
        key = once(request, asked.model_dump())
        with self._store.reading() as session:
            if given := key.recall(session):
                return given
            upload = _find(session, request)
            if _is_completed_so(upload, asked):
                return upload_object(session, upload)
            _check_parts(session, _open(upload), asked.part_ids)
        stored = self._assemble(asked)
        row = new_file(stored, upload.project, upload.filename, upload.purpose, upload.expires_after)
        self._checks.look(row)

        def make(session: Session) -> dict[str, Any]:
            upload = _find(session, request)
            if not _is_completed_so(upload, asked):  # somebody else was quicker
                _open(upload).status = "completed"
                upload.file_id, upload.part_ids = row.id, asked.part_ids
                session.add(row)
                session.flush()
            return upload_object(session, upload)

        answer: dict[str, Any] = {}
        try:
            answer = self._make(key, make)
        finally:
            if (answer.get("file") or {}).get("id") != stored.id:
                self._files.remove(stored.id)
        drop_parts(self._store, self._parts, upload.id)
        self._checks.arrived()
        return answer

    def _assemble(self, asked: CompleteRequest) -> Stored:
        parts = Joined([self._parts.path(part_id) for part_id in asked.part_ids])
        try:
            stored = self._files.save(parts)
        except FileNotFoundError:
            raise invalid("The upload was cancelled or completed meanwhile.", "upload_id") from None
        finally:
            parts.close()
        if asked.md5 and asked.md5.lower() != parts.md5.hexdigest():
            self._files.remove(stored.id)
            message = f"The MD5 checksum of the parts is {parts.md5.hexdigest()}, not {asked.md5}."
            raise invalid(message, "md5", "md5_mismatch")
        return stored

    def cancel(self, request: Request) -> Response:
        """Give an upload up."""
        with self._store.writing() as session:
            upload = _find(session, request)
            if upload.status != "cancelled":
                _open(upload).status = "cancelled"
            answer = upload_object(session, upload)
        drop_parts(self._store, self._parts, upload.id)
        return JSONResponse(answer)

    def _find_open(self, request: Request) -> None:
        with self._store.reading() as session:
            _open(_find(session, request))

    def _make(self, key: Once, make: Callable[[Session], dict[str, Any]]) -> dict[str, Any]:
        """Make something in one transaction, or give the answer that was given before."""
        with self._store.writing() as session:
            answer = key.recall(session)
            if answer is None:
                answer = make(session)
                key.remember(session, answer)
            return answer


def drop_parts(store: Store, folder: Folder, upload_id: str) -> None:
    """Delete the parts of an upload that has ended: first the bytes, so that no crash leaves bytes without a row."""
    with store.reading() as session:
        ids = session.scalars(select(PartRow.id).where(PartRow.upload_id == upload_id)).all()
    for part_id in ids:
        folder.remove(part_id)
    with store.writing() as session:
        session.execute(delete(PartRow).where(PartRow.upload_id == upload_id))


def _find(session: Session, request: Request) -> UploadRow:
    upload_id = request.path_params["upload_id"]
    mine = UploadRow.project == project_of(request)
    row = session.scalar(select(UploadRow).where(UploadRow.id == upload_id, mine))
    if row is None:
        raise ApiError(404, f"No such Upload object: {upload_id}", param="upload_id")
    return row


def _open(row: UploadRow) -> UploadRow:
    """Return the upload if parts may still be added and put together."""
    status = "expired" if row.status == "pending" and row.expires_at <= now() else row.status
    if status != "pending":
        raise invalid(f"This Upload is {status}.", "upload_id", f"upload_{status}")
    return row


def _is_completed_so(row: UploadRow, asked: CompleteRequest) -> bool:
    return row.status == "completed" and row.part_ids == asked.part_ids


def _check_parts(session: Session, upload: UploadRow, part_ids: Sequence[str]) -> None:
    query = select(PartRow.id, PartRow.bytes).where(PartRow.upload_id == upload.id)
    sizes = dict(session.execute(query).all())
    seen: set[str] = set()
    for part_id in part_ids:
        if part_id not in sizes or part_id in seen:
            why = "is given twice" if part_id in seen else "is no part of this Upload"
            raise invalid(f"'{part_id[:100]}' {why}.", "part_ids", "invalid_value")
        seen.add(part_id)
    total = sum(sizes[part_id] for part_id in part_ids)
    if total != upload.bytes:
        message = f"The parts have {total} bytes together, but {upload.bytes} were announced."
        raise invalid(message, "part_ids", "invalid_upload_size")
