"""Folders that appear and vanish as a whole, whenever the power goes. Knows nothing about what is in them.

Whatever is under way has a hidden name (`.NAME.partial`, `.NAME.gone`) beside its target; what has the target's name
is complete and was flushed to the disk before it got it.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path

_FULL = ("No space left", "StorageFull", "Disk quota exceeded")
"""How Python, safetensors (in Rust) and a quota say it, in whatever exception."""


def write_folder(target: Path, fill: Callable[[Path], None]) -> None:
    """Make a folder appear, in place of one of that name if there is one.

    Raises OSError; its `errno` is ENOSPC when the disk is full, also where a library says so in its own way. What was
    written until then is removed again, so that there is room to say what happened.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    partial, gone = _hidden(target, "partial"), _hidden(target, "gone")
    shutil.rmtree(partial, ignore_errors=True)
    shutil.rmtree(gone, ignore_errors=True)
    try:
        partial.mkdir()
        fill(partial)
        for path in [*partial.rglob("*"), partial]:
            _sync(path)
    except Exception as problem:
        full = is_full(problem, target.parent)
        shutil.rmtree(partial, ignore_errors=True)
        if full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target)) from problem
        raise
    if target.exists():
        target.rename(gone)
    partial.rename(target)
    _sync(target.parent)
    shutil.rmtree(gone, ignore_errors=True)


def remove_folder(target: Path) -> None:
    """Make a folder vanish; what cannot be deleted at once is at least out of sight."""
    gone = _hidden(target, "gone")
    shutil.rmtree(gone, ignore_errors=True)
    target.rename(gone)
    shutil.rmtree(gone, ignore_errors=True)


def is_full(problem: BaseException, place: Path) -> bool:
    """Tell whether something failed for want of room on the disk that holds `place`."""
    told = getattr(problem, "errno", None) in (errno.ENOSPC, errno.EDQUOT)
    return told or any(word in str(problem) for word in _FULL) or shutil.disk_usage(place).free == 0


def _hidden(target: Path, why: str) -> Path:
    return target.with_name(f".{target.name}.{why}")


def _sync(path: Path) -> None:
    if os.name == "nt" and path.is_dir():
        return  # Windows cannot open a folder; its rename needs no flush
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
