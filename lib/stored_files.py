"""Files under their SHA-256 in `settings().files`: there whole or not at all, and never held in memory to get there.

A name is only ever shown, never used as a path. This module knows neither database nor screen.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from lib.config import settings
from lib.errors import TuneboardError

PIECE = 2**20
"""Bytes copied at a time."""


class FileGone(TuneboardError):
    what = "The stored file {name} is gone."
    why = "Somebody removed it from the server's folder."
    todo = "Upload the file again."


class ShelfUnwritable(TuneboardError):
    what = "The file could not be stored: {detail}"
    why = "The disk of the server is full or may not be written to."
    todo = "Free some space, then upload the file again."


def save_file(data: bytes) -> str:
    """Store bytes and return their SHA-256.

    Raises:
        ShelfUnwritable: the disk is full or read-only.
    """
    sha256 = hashlib.sha256(data).hexdigest()
    if not _place(sha256).exists():
        save_stream(BytesIO(data))
    return sha256


def save_stream(stream: BinaryIO) -> tuple[str, int]:
    """Store what is left in a stream; return its SHA-256 and its bytes. It is copied in pieces and hashed on the way.

    Raises:
        ShelfUnwritable: the disk is full or read-only.
    """
    digest, size = hashlib.sha256(), 0
    with _told(), _beside() as (file, temporary):
        while piece := stream.read(PIECE):
            digest.update(piece)
            size += file.write(piece)
        _settle(file)
        _move(temporary, _place(digest.hexdigest()))
    return digest.hexdigest(), size


def save_path(path: Path) -> tuple[str, int]:
    """Store a copy of a file; return its SHA-256 and its bytes.

    Raises:
        ShelfUnwritable: the disk is full or read-only.
    """
    with path.open("rb") as file:
        return save_stream(file)


def read_file(sha256: str) -> bytes:
    """Return the bytes stored under a SHA-256.

    Raises:
        FileGone: there is no such file.
    """
    return file_path(sha256).read_bytes()


def file_path(sha256: str) -> Path:
    """Return where the file with a SHA-256 lies, to be read there, never written.

    Raises:
        FileGone: there is no such file.
    """
    path = _place(sha256)
    if not path.is_file():
        raise FileGone(name=sha256[:12])
    return path


def _place(sha256: str) -> Path:
    if len(sha256) != 64 or not set(sha256) <= set("0123456789abcdef"):
        raise FileGone(name=sha256[:12])
    return settings().files / sha256[:2] / sha256


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ShelfUnwritable(detail=error.strerror or str(error)) from error


@contextmanager
def _beside() -> Iterator[tuple[BinaryIO, Path]]:
    """Open a file beside all places; it is gone at the end unless it was moved."""
    settings().files.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=settings().files)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file, Path(temporary)
    finally:
        Path(temporary).unlink(missing_ok=True)


def _settle(file: BinaryIO) -> None:
    """Make sure that what was written is on the disk."""
    file.flush()
    os.fsync(file.fileno())
    file.close()


def _move(temporary: Path, path: Path) -> None:
    """Give a file its name; never a half file under it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary.replace(path)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Make sure that the new name is on the disk too; Windows can't, and needn't, be asked."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
