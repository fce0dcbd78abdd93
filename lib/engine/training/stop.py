"""Being told to stop: at once while there is nothing to lose, after the current step while the model learns.

Promises that a process that was told is gone within `GRACE_SECONDS`, however long its step takes. Knows no library for
learning, no file and no signal: whoever hears the wish passes it on.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

STOPPED = 143
"""Exit code of a trainer that stopped because it was told to, a shell's for SIGTERM."""

GRACE_SECONDS = 20.0
"""Longest time between being told and being gone; whoever tells should wait a little longer before killing."""


class Stopped(Exception):
    """The trainer was told to stop, and what it needs to go on lies on disk."""


class Stop:
    """The wish to stop, told by one thread and heard by another."""

    def __init__(self, grace: float = GRACE_SECONDS) -> None:
        self._grace = grace
        self._asked = threading.Event()
        self._heeded = threading.Event()

    @property
    def asked(self) -> bool:
        """Tell whether somebody wants this process to stop."""
        return self._asked.is_set()

    def ask(self) -> None:
        """Make the process stop: at once, or within the grace period if it is in `heed`. Call it from a thread."""
        self._asked.set()
        if self._heeded.is_set():
            threading.Event().wait(self._grace)
        os._exit(STOPPED)

    @contextmanager
    def heed(self) -> Iterator[Stop]:
        """Hold that whoever is inside looks at `asked` after each step and raises `Stopped` when it is safe to go."""
        self._heeded.set()
        yield self
        self._heeded.clear()  # not after `Stopped` or a failure: the last words that follow need the grace too
