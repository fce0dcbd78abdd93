"""Trouble of the machine that passes: a full disk, a store that another process holds, descriptors that ran out.

A request is refused in words that say so; what must not be lost, such as the end of a training, waits until it can be
stored. Other errors are none of this module's: they stay what they are.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import sqlite3
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection

from lib.engine.errors import ApiError, server_error

RETRY_SECONDS = 1.0
_DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""What a full disk, a used-up quota and a limit on the size of files are called."""
_NO_DESCRIPTOR = frozenset({errno.EMFILE, errno.ENFILE})
_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_UNWRITABLE = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR})
"""SQLite calls a disk full only where the system said ENOSPC; a quota or a limit is an input/output error to it."""

P = ParamSpec("P")
T = TypeVar("T")
log = logging.getLogger(__name__)


def disk_full() -> ApiError:
    """Say that there is no room for what a client sent."""
    return ApiError(507, "The engine's disk is full.", type="server_error", code="disk_full")


def is_full(problem: OSError) -> bool:
    """Tell whether a write failed because there is no room for it."""
    return problem.errno in _DISK_FULL


def refusal_of(problem: BaseException) -> ApiError | None:
    """Return what to tell a client whose request met trouble that passes; None for any other error."""
    if isinstance(problem, ApiError):
        return problem if problem.status in (503, 507) else None
    if isinstance(problem, OperationalError):
        return _of_store(getattr(problem.orig, "sqlite_errorcode", 0) & 0xFF)
    if isinstance(problem, NoConnection):
        return _try_again("answers too many requests at once")
    if not isinstance(problem, OSError):
        return None
    if is_full(problem):
        return disk_full()
    return _try_again("has too many files open") if problem.errno in _NO_DESCRIPTOR else None


def _of_store(code: int) -> ApiError | None:
    if code in _UNWRITABLE:
        return disk_full()
    if code in _BUSY:
        return _try_again("waits for its store, which another process holds")
    return (
        _try_again("cannot open its store, perhaps for want of descriptors")
        if code == sqlite3.SQLITE_CANTOPEN
        else None
    )


def _try_again(why: str) -> ApiError:
    refusal = server_error(f"The engine {why}. Try again in a moment.", 503)
    refusal.headers = {"Retry-After": "2"}
    return refusal


async def patiently(act: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
    """Do something in a thread, again and again while passing trouble keeps it from being done.

    `act` must have done nothing when it raises.
    """
    while True:
        try:
            return await asyncio.to_thread(act, *arguments, **named)
        except Exception as problem:
            refusal = refusal_of(problem)
            if refusal is None:
                raise
            log.warning("%s has to wait: %s", getattr(act, "__name__", act), refusal.message)
        await asyncio.sleep(RETRY_SECONDS)
