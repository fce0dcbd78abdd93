"""The shelf: uploaded files, half-filled forms and dataset versions.

Files lie under their SHA-256 in `settings().files`; a name is only ever shown, never used as a path. A file is there
whole or not at all. Saving the same thing twice gives the same thing back. This module knows no screen and no network.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from lib.config import settings
from lib.datasets import jsonl
from lib.datasets.recipe import Recipe
from lib.db import DatasetRow, DraftRow, UploadRow, VersionRow, insert_once, new_id, now, session
from lib.errors import TuneboardError


class FileGone(TuneboardError):
    what = "The stored file {name} is gone."
    why = "Somebody removed it from the server's folder."
    todo = "Upload the file again."


class ShelfUnwritable(TuneboardError):
    what = "The file could not be stored: {detail}"
    why = "The disk of the server is full or may not be written to."
    todo = "Free some space, then upload the file again."


@dataclass(frozen=True)
class Upload:
    """A file somebody gave us."""

    sha256: str
    name: str
    size: int
    created_at: float


@dataclass(frozen=True)
class Draft:
    """A half-filled form: `kind` is `data` or `train`."""

    id: str
    kind: str
    state: dict[str, Any]
    updated_at: float


@dataclass(frozen=True)
class Version:
    """A dataset version: JSONL bytes and the recipe that made them."""

    id: str
    dataset: str
    number: int
    sha256: str
    size: int
    examples: int
    format: str
    recipe: Recipe
    source_name: str
    source_sha256: str
    created_at: float

    @property
    def label(self) -> str:
        """Return the name people use: `stories v2`."""
        return f"{self.dataset} v{self.number}"


def save_file(data: bytes) -> str:
    """Store bytes and return their SHA-256.

    Raises:
        ShelfUnwritable: the disk is full or read-only.
    """
    sha256 = hashlib.sha256(data).hexdigest()
    path = _path(sha256)
    if not path.exists():
        try:
            _write(path, data)
        except OSError as error:
            raise ShelfUnwritable(detail=error.strerror or str(error)) from error
    return sha256


def read_file(sha256: str) -> bytes:
    """Return the bytes stored under a SHA-256.

    Raises:
        FileGone: there is no such file.
    """
    try:
        return _path(sha256).read_bytes()
    except FileNotFoundError as error:
        raise FileGone(name=sha256[:12]) from error


def save_upload(name: str, data: bytes) -> Upload:
    """Store a file somebody gave us; the same bytes again take the newest name."""
    sha256 = save_file(data)
    name = name.replace("\0", "").encode("utf-8", "replace").decode()  # what no database keeps
    with session() as opened:
        insert_once(opened, UploadRow, sha256=sha256, name=name, size=len(data))
        row = opened.get_one(UploadRow, sha256)
        row.name = name
        return Upload(row.sha256, row.name, row.size, row.created_at)


def upload(sha256: str) -> Upload | None:
    """Return an upload, or None if there is none with this SHA-256."""
    with session() as opened:
        row = opened.get(UploadRow, sha256)
        return Upload(row.sha256, row.name, row.size, row.created_at) if row else None


def new_draft(kind: str, state: dict[str, Any]) -> str:
    """Store a new form and return its id."""
    id = new_id()
    save_draft(id, kind, state)
    return id


def draft(id: str, kind: str) -> dict[str, Any] | None:
    """Return the state of a form, or None if there is none."""
    with session() as opened:
        row = opened.get(DraftRow, id)
        return row.state if row and row.kind == kind else None


def save_draft(id: str, kind: str, state: dict[str, Any]) -> None:
    """Store the state of a form under its id, whether or not it is known yet."""
    with session() as opened:
        if not insert_once(opened, DraftRow, id=id, kind=kind, state=state):
            row = opened.get_one(DraftRow, id)
            row.state, row.updated_at = dict(state), now()


def drafts(kind: str) -> list[Draft]:
    """Return the forms of a kind, newest first."""
    with session() as opened:
        rows = opened.scalars(select(DraftRow).where(DraftRow.kind == kind).order_by(DraftRow.updated_at.desc()))
        return [Draft(row.id, row.kind, row.state, row.updated_at) for row in rows]


def save_version(name: str, recipe: Recipe, records: list[dict[str, Any]], source: Upload) -> Version:
    """Store a dataset version; the same name, bytes and recipe return the version that is there."""
    data = jsonl.write(records)
    sha256 = save_file(data)
    made = VersionRow(
        id=new_id(),
        sha256=sha256,
        size=len(data),
        examples=len(records),
        format=recipe.format,
        recipe=recipe.to_json(),
        source_sha256=source.sha256,
        source_name=source.name,
    )
    try:
        return _find_or_number(name, made)
    except IntegrityError:  # somebody took the number between our look and our insert: theirs is there now
        return _find_or_number(name, made)


def versions() -> list[Version]:
    """Return every dataset version, newest first."""
    with session() as opened:
        rows = opened.execute(_versions().order_by(VersionRow.created_at.desc(), VersionRow.number.desc()))
        return [_version(row, name) for row, name in rows]


def version(id: str) -> Version | None:
    """Return a dataset version, or None if there is none with this id."""
    with session() as opened:
        found = opened.execute(_versions().where(VersionRow.id == id)).first()
        return _version(found[0], found[1]) if found else None


def version_bytes(id: str) -> bytes:
    """Return the JSONL of a dataset version.

    Raises:
        FileGone: there is no such version, or its file was removed.
    """
    found = version(id)
    if found is None:
        raise FileGone(name=id[:12])
    return read_file(found.sha256)


def _path(sha256: str) -> Path:
    if len(sha256) != 64 or not set(sha256) <= set("0123456789abcdef"):
        raise FileGone(name=sha256[:12])
    return settings().files / sha256[:2] / sha256


def _write(path: Path, data: bytes) -> None:
    """Write beside the place, make sure it is on the disk, then move it there: never a half file under its name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
        _sync_folder(path.parent)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _sync_folder(folder: Path) -> None:
    """Make sure that the new name is on the disk too; Windows can't, and needn't, be asked."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _find_or_number(name: str, made: VersionRow) -> Version:
    with session() as opened:
        insert_once(opened, DatasetRow, id=new_id(), name=name)
        dataset = opened.scalars(select(DatasetRow).where(DatasetRow.name == name)).one()
        row = _same(opened, dataset.id, made)
        if row is None:
            highest = opened.scalar(select(func.max(VersionRow.number)).where(VersionRow.dataset_id == dataset.id))
            row = made
            row.dataset_id, row.number = dataset.id, (highest or 0) + 1
            opened.add(row)
            opened.flush()
        return _version(row, name)


def _same(opened: Session, dataset_id: str, made: VersionRow) -> VersionRow | None:
    alike = select(VersionRow).where(VersionRow.dataset_id == dataset_id, VersionRow.sha256 == made.sha256)
    return next((row for row in opened.scalars(alike) if row.recipe == made.recipe), None)


def _versions() -> Select[VersionRow, str]:
    return select(VersionRow, DatasetRow.name).join(DatasetRow, DatasetRow.id == VersionRow.dataset_id)


def _version(row: VersionRow, dataset: str) -> Version:
    return Version(
        id=row.id,
        dataset=dataset,
        number=row.number,
        sha256=row.sha256,
        size=row.size,
        examples=row.examples,
        format=row.format,
        recipe=Recipe.from_json(row.recipe),
        source_name=row.source_name,
        source_sha256=row.source_sha256,
        created_at=row.created_at,
    )
