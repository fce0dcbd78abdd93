"""How much of the disk a project takes, and the refusal of what would take too much.

Counts what lies on disk in a project's name: files, the parts of open uploads, tuned models and checkpoints. Call
`check_disk` in the transaction that adds a row, so that two that arrive together cannot both take the last room.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from lib.engine.errors import ApiError
from lib.engine.limits import GIB, Limits
from lib.engine.tables import CheckpointRow, FileRow, JobRow, ModelRow, PartRow, UploadRow


def check_disk(session: Session, project: str, coming: int, limits: Limits) -> None:
    """Refuse `coming` more bytes, and one more file, if they are more than a project may have.

    A job comes with 0 bytes: what it makes is counted when it is made, so a job is refused when there is no room left.
    """
    count = _total(session, _files(func.count(), project)) + _total(session, _open_uploads(func.count(), project))
    if coming and count >= limits.project_files:
        raise _exceeded(f"{count} files and open uploads, which is as many as it may have")
    used = used_bytes(session, project)
    if used + max(coming, 1) > limits.project_bytes:
        has, most = used / GIB, limits.project_bytes / GIB
        raise _exceeded(f"{has:.2f} GiB of files and models; it may have {most:.2f} GiB")


def used_bytes(session: Session, project: str) -> int:
    """Return the bytes that a project's files, open uploads, tuned models and checkpoints take."""
    checkpoints = select(func.sum(CheckpointRow.bytes)).join(JobRow, JobRow.id == CheckpointRow.job_id)
    parts = select(func.sum(PartRow.bytes)).join(UploadRow, UploadRow.id == PartRow.upload_id)
    sums: list[Select[Any]] = [
        _files(func.sum(FileRow.bytes), project),
        parts.where(UploadRow.project == project, UploadRow.status == "pending"),
        select(func.sum(ModelRow.bytes)).where(ModelRow.project == project),
        checkpoints.where(JobRow.project == project),
    ]
    return sum(_total(session, query) for query in sums)


def folder_bytes(folder: Path) -> int:
    """Return the bytes of the files in a model's folder and its sub-folders."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def _files(what: ColumnElement[int], project: str) -> Select[int]:
    return select(what).select_from(FileRow).where(FileRow.project == project)


def _open_uploads(what: ColumnElement[int], project: str) -> Select[int]:
    return select(what).select_from(UploadRow).where(UploadRow.project == project, UploadRow.status == "pending")


def _total(session: Session, query: Select[Any]) -> int:
    return session.scalar(query) or 0


def _exceeded(has: str) -> ApiError:
    message = f"This project has {has}. Delete files or models that are no longer needed."
    return ApiError(403, message, code="quota_exceeded")
