"""A model that is not loaded yet: services say so in three ways, and it takes them seconds to minutes.

OpenAI answers the first questions to a new model with 404 `model_not_found`, and those to one that nobody asked for a
while with 429 "the model is still being loaded"; others say 503 (help.openai.com, article 6643004).
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

from lib.errors import TuneboardError
from lib.providers.errors import BackendTrouble, NotFound, RateLimited

FIRST_PAUSE = 2.0
LONGEST_PAUSE = 60.0
PATIENCE = 300.0
"""Seconds of waiting in all."""
FRESH_SECONDS = 600.0
"""How long after its making a model may be unknown; later it is gone."""
BEAT = 0.2
"""Seconds between two chances to be stopped."""
LOADING = re.compile(r"\b(loaded|loading|warming up)\b", re.IGNORECASE)
"""Not "overloaded": that one needs no model, but fewer users."""


def is_loading(problem: TuneboardError, made_at: float | None) -> bool:
    """Tell whether a refusal means that the model, made at this moment, will be there soon."""
    if isinstance(problem, NotFound):
        fresh = made_at is not None and time.time() - made_at < FRESH_SECONDS
        return fresh and problem.values.get("code") == "model_not_found"
    busy = isinstance(problem, RateLimited) or (isinstance(problem, BackendTrouble) and problem.values["status"] == 503)
    return busy and bool(LOADING.search(str(problem.values.get("detail"))))


class Patience:
    """Pauses that grow, as long as it is worth waiting."""

    def __init__(self) -> None:
        self._ends = time.monotonic() + PATIENCE
        self._next = FIRST_PAUSE

    def after(self, problem: TuneboardError) -> float | None:
        """Return the seconds until the next try, None when it has taken long enough. What was asked for is honoured."""
        left = self._ends - time.monotonic()
        if left <= 0:
            return None
        asked = (isinstance(problem, RateLimited) and problem.retry_after) or 0.0
        pause = min(max(self._next, asked), LONGEST_PAUSE, left)
        self._next *= 2
        return pause


def wait(seconds: float) -> Iterator[str]:
    """Yield nothing, again and again, for that long: whoever iterates can stop in between."""
    ends = time.monotonic() + seconds
    while (left := ends - time.monotonic()) > 0:
        yield ""
        time.sleep(min(BEAT, left))
