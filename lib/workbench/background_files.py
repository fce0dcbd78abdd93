"""The files by which processes tell each other of background work: specs, progress, outcomes, under their key."""

from __future__ import annotations

import json
import time
import uuid
from contextlib import suppress
from pathlib import Path
from typing import Any

from lib.config import settings

KEEP = 7 * 24 * 3600
"""Seconds that an outcome is kept after it was made."""


def folder() -> Path:
    """Return where specs, progress and outcomes are."""
    return settings().home / "background"


def spools() -> Path:
    """Return where files are kept that were read once."""
    return settings().home / "spools"


def place(key: str, kind: str) -> Path:
    """Return the file of a key: its spec, progress, outcome, or the examples that were written."""
    return folder() / f"{key}.{kind}"


def tell(key: str, progress: float, pid: int) -> None:
    """Note how far the work is."""
    write(place(key, "progress"), {"progress": progress, "pid": pid, "at": time.time()})


def write(path: Path, record: dict[str, Any]) -> None:
    """Write a record; whoever reads finds the old or the new one, whole."""
    beside = path.with_name(f"{path.name}.{uuid.uuid4().hex}")
    beside.write_text(json.dumps(record), encoding="utf-8")
    beside.replace(path)


def read(path: Path) -> dict[str, Any] | None:
    """Return a record, or None if there is none."""
    with suppress(FileNotFoundError):
        record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return record
    return None


def forget(key: str) -> None:
    """Remove all files of a key."""
    for path in folder().glob(f"{key}.*"):
        path.unlink(missing_ok=True)


def sweep() -> None:
    """Remove what nobody has asked for in a long time."""
    old = time.time() - KEEP
    for path in folder().iterdir():
        with suppress(FileNotFoundError):
            if path.stat().st_mtime < old:
                path.unlink()
