"""Wake the worker of this process. Workers of other replicas find the work when they look next."""

from __future__ import annotations

import threading

_bell = threading.Event()


def ring() -> None:
    """Say that there is work."""
    _bell.set()


def wait(seconds: float) -> None:
    """Sleep until somebody rings, at most this long."""
    _bell.wait(seconds)
    _bell.clear()
