"""The shelf: uploaded files, half-filled forms and dataset versions.

Files lie under their SHA-256 (`lib.stored_files`). Saving the same thing twice gives the same thing back. This module
knows no screen and no network.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import Select, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from lib.datasets import jsonl
from lib.datasets.corrections import Corrections
from lib.datasets.recipe import Recipe
from lib.db import DatasetRow, DraftRow, UploadRow, VersionRow, insert_once, new_id, now, session
from lib.stored_files import FileGone, ShelfUnwritable, file_path, read_file, save_file, save_path, save_stream

__all__ = [
    "Draft",
    "FileGone",
    "ShelfUnwritable",
    "Upload",
    "Version",
    "draft",
    "drafts",
    "file_path",
    "new_draft",
    "read_file",
    "save_draft",
    "save_file",
    "save_upload",
    "save_upload_stream",
    "save_version",
    "save_version_file",
    "upload",
    "version",
    "version_bytes",
    "version_path",
    "versions",
]


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
    corrections: Corrections
    """What was corrected by hand in the source file."""
    source_name: str
    source_sha256: str
    created_at: float

    @property
    def label(self) -> str:
        """Return the name people use: `stories v2`."""
        return f"{self.dataset} v{self.number}"


def save_upload(name: str, data: bytes) -> Upload:
    """Store a file somebody gave us; the same bytes again take the newest name."""
    return _save_upload(name, save_file(data), len(data))


def save_upload_stream(name: str, stream: BinaryIO) -> Upload:
    """Store a file somebody gives us without holding it in memory."""
    return _save_upload(name, *save_stream(stream))


def _save_upload(name: str, sha256: str, size: int) -> Upload:
    name = name.replace("\0", "").encode("utf-8", "replace").decode()  # what no database keeps
    with session() as opened:
        insert_once(opened, UploadRow, sha256=sha256, name=name, size=size)
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


def save_version(
    name: str,
    recipe: Recipe,
    records: list[dict[str, Any]],
    source: Upload,
    corrections: Corrections | None = None,
) -> Version:
    """Store a dataset version; the same name, bytes, recipe and corrections return the version that is there."""
    data = jsonl.write(records)
    return _save_version(name, recipe, (save_file(data), len(data), len(records)), source, corrections)


def save_version_file(
    name: str, recipe: Recipe, path: Path, examples: int, source: Upload, corrections: Corrections | None = None
) -> Version:
    """Store a dataset version from a file that was prepared, of so many examples, without holding it in memory."""
    return _save_version(name, recipe, (*save_path(path), examples), source, corrections)


def _save_version(
    name: str, recipe: Recipe, file: tuple[str, int, int], source: Upload, corrections: Corrections | None
) -> Version:
    sha256, size, examples = file
    made = VersionRow(
        id=new_id(),
        sha256=sha256,
        size=size,
        examples=examples,
        format=recipe.format,
        recipe=recipe.to_json(),
        corrections=(corrections or Corrections()).to_json(),
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
    return version_path(id).read_bytes()


def version_path(id: str) -> Path:
    """Return where the JSONL of a dataset version lies, to be read there.

    Raises:
        FileGone: there is no such version, or its file was removed.
    """
    found = version(id)
    if found is None:
        raise FileGone(name=id[:12])
    return file_path(found.sha256)


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
    made_by = (made.recipe, Corrections.from_json(made.corrections))
    found = opened.scalars(alike)
    return next((row for row in found if (row.recipe, Corrections.from_json(row.corrections)) == made_by), None)


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
        corrections=Corrections.from_json(row.corrections),
        source_name=row.source_name,
        source_sha256=row.source_sha256,
        created_at=row.created_at,
    )
