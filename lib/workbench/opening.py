"""Files that are being opened, each on a thread of its own, so that whoever waits for one can go away or stop it.

The reading itself happens in a process with limits (`lib.datasets.files.spool`); the thread only waits for that. What
was opened is kept, with what was wrong with it if it was refused, until `MOST` others were opened after it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field

from lib.datasets.source import Source

MOST = 8

_lock = threading.Lock()
_known: dict[str, Opening] = {}


@dataclass(frozen=True)
class Opening:
    """A file on its way. `found` gives the source, or raises what was wrong with the file."""

    found: Future[Source] = field(default_factory=Future)
    stopped: threading.Event = field(default_factory=threading.Event)

    def stop(self) -> None:
        """End the reading soon: `found` raises `ReadingStopped` then."""
        self.stopped.set()


def opening(key: str, open_: Callable[[Callable[[], bool]], Source]) -> Opening:
    """Return the opening of a key; begin it, by calling `open_` with what tells it to stop, if nobody did."""
    with _lock:
        known = _known.pop(key, None)
        started = known or Opening()
        _known[key] = started  # the last one is the one asked for last
        for old in [name for name, item in _known.items() if item.found.done()][: max(0, len(_known) - MOST)]:
            del _known[old]
    if known is None:
        threading.Thread(target=_open, args=(started, open_), name="opening", daemon=True).start()
    return started


def forget(key: str) -> None:
    """Let the next who asks for a key begin anew; stop what is under way."""
    with _lock:
        known = _known.pop(key, None)
    if known:
        known.stop()


def _open(started: Opening, open_: Callable[[Callable[[], bool]], Source]) -> None:
    try:
        started.found.set_result(open_(started.stopped.is_set))
    except BaseException as error:  # noqa: BLE001 - carried to whoever asks for the source
        started.found.set_exception(error)
