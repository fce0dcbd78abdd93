"""Folders of bytes under generated ids: uploads, parts of uploads, result files.

Bytes are written to a temporary name, synced and renamed: no path is made from a client's string, no half-written
file is ever found under an id, and what a power cut leaves is swept out at the next start. A full disk is a refusal
that says so. Knows nothing of who owns the bytes.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from lib.engine.ids import new_id
from lib.engine.trouble import disk_full, is_full

CHUNK = 1024 * 1024
_PART = ".part"


class Source(Protocol):
    """Something to copy from."""

    def read(self, size: int, /) -> bytes:
        """Return the next bytes, none at the end."""
        ...


@dataclass(frozen=True)
class Stored:
    """Bytes that lie safely on disk under `id`."""

    id: str
    size: int
    sha256: str


class Folder:
    """One folder. Only one engine uses it at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.mkdir(parents=True, exist_ok=True)
        for left_over in path.glob(f"*{_PART}"):
            left_over.unlink()

    def path(self, file_id: str) -> Path:
        """Return where the bytes of a file lie; `file_id` must come from the store, never from a request."""
        return self._path / file_id

    def ids(self) -> set[str]:
        """Return the ids under which whole files lie."""
        return {path.name for path in self._path.iterdir() if path.suffix != _PART}

    def begin(self, prefix: str = "file-") -> Incoming:
        """Open a new file for writing; nobody finds it until it is finished."""
        with refusing_when_full():
            return Incoming(self._path, new_id(prefix))

    def save(self, source: Source, prefix: str = "file-") -> Stored:
        """Copy `source` to disk under a new id."""
        incoming = self.begin(prefix)
        try:
            while chunk := source.read(CHUNK):
                incoming.write(chunk)
            return incoming.finish()
        finally:
            incoming.close()

    def remove(self, file_id: str) -> None:
        """Delete the bytes of a file."""
        self.path(file_id).unlink(missing_ok=True)


class Incoming:
    """A file on its way to the disk: write, then finish. Closed before it is finished, it leaves nothing."""

    def __init__(self, folder: Path, file_id: str) -> None:
        self.id = file_id
        self.size = 0
        self._folder = folder
        self._part = folder / f"{file_id}{_PART}"
        self._digest = hashlib.sha256()
        self._file = self._part.open("wb")

    def write(self, data: bytes) -> int:
        """Add bytes."""
        with refusing_when_full():
            self._file.write(data)
        self._digest.update(data)
        self.size += len(data)
        return len(data)

    def finish(self) -> Stored:
        """Put the bytes under their id, so that a power cut cannot take them back."""
        with refusing_when_full():
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._part.replace(self._folder / self.id)
            _sync_folder(self._folder)
        return Stored(self.id, self.size, self._digest.hexdigest())

    def close(self) -> None:
        """Let go; what is not finished is deleted."""
        try:
            self._file.close()  # on a full disk this fails: it writes what is left
        except OSError:
            pass
        finally:
            self._part.unlink(missing_ok=True)


@contextmanager
def refusing_when_full() -> Iterator[None]:
    """Turn the errors of a full disk into a refusal; other trouble with the disk stays what it is."""
    try:
        yield
    except OSError as problem:
        if not is_full(problem):
            raise
        raise disk_full() from None


def hold(path: Path, own: Path) -> None:
    """Give a file a second name, or a copy where the disk knows no second names, so that it may be deleted meanwhile.

    Nothing is done if there is one already. Raises `FileNotFoundError` if the file is gone.
    """
    if own.exists():
        return
    try:
        os.link(path, own)
    except FileNotFoundError:
        raise
    except OSError:
        part = own.with_suffix(_PART)
        shutil.copyfile(path, part)
        part.replace(own)


def _sync_folder(folder: Path) -> None:
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
