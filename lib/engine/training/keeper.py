"""Between two steps: keep a point to go on from every few minutes, and one more before stopping when told to.

Promises that this costs at most a twentieth of the time, and that a point which could not be written costs no job: the
older one stays, and it is tried again. Knows neither model nor folders.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from lib.engine.training import parallel
from lib.engine.training.stop import Stop, Stopped

EVERY_SECONDS = 120.0
"""Usual time between two points: what a `kill -9` costs at most, beside the step under way."""

SHARE = 0.05
"""Most of the time that saving may take; a large model's points lie further apart."""


class Keeper:
    """Calls `save` when it is time. `warn` is told in a sentence when that failed."""

    def __init__(self, stop: Stop, save: Callable[[], None], warn: Callable[[str], None]) -> None:
        self._stop = stop
        self._save = save
        self._warn = warn
        self.saved(0)

    def saved(self, step: int) -> None:
        """Note that there is a point to go on from, after this step."""
        self.step = step
        self._due = time.monotonic() + EVERY_SECONDS

    def __call__(self) -> None:
        """Look whether it is time. Raises `Stopped` when told to stop, in every process that trains along."""
        if parallel.agreed(self._stop.asked):
            self._try()
            raise Stopped
        if time.monotonic() >= self._due:
            began = time.monotonic()
            self._try()
            self._due = time.monotonic() + max(EVERY_SECONDS, (time.monotonic() - began) / SHARE)

    def _try(self) -> None:
        try:
            self._save()
        except OSError as problem:
            self._warn(f"The state of this job could not be saved: {problem}. An older one is kept.")
