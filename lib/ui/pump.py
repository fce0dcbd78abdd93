"""Iterate something slow without letting go of the page.

Streamlit stops or reruns a script only where it calls `st`. A script that waits for the next token of a silent
backend cannot be stopped at all. So the waiting happens on a thread of its own, and the script hears from it, or
hears a beat of silence, several times a second.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterator

BEAT = 0.2
"""Seconds of silence after which the script gets a chance to be stopped."""

_END = object()


def pump(source: Iterator[str], beat: float = BEAT) -> Generator[str, None, None]:
    """Yield what `source` yields, joined when it is faster than the reader, and "" for every `beat` of silence.

    What `source` raises is raised here. Close this to close `source`; where `source` is just waiting, it is closed
    as soon as it stops waiting, because nobody can close a generator that runs.
    """
    heard: queue.SimpleQueue[object] = queue.SimpleQueue()
    left = threading.Event()
    threading.Thread(target=_drain, args=(source, heard, left), name="pump", daemon=True).start()
    try:
        while True:
            text, end = _take(heard, beat)
            if text or end is None:
                yield text
            if isinstance(end, BaseException):
                raise end
            if end is not None:
                return
    finally:
        left.set()


def _take(heard: queue.SimpleQueue[object], beat: float) -> tuple[str, object]:
    """Return all the text that is there, waiting one beat for the first, and what ended it if it ended."""
    parts: list[str] = []
    try:
        item = heard.get(timeout=beat)
        while isinstance(item, str):
            parts.append(item)
            item = heard.get_nowait()
    except queue.Empty:
        item = None
    return "".join(parts), item


def _drain(source: Iterator[str], heard: queue.SimpleQueue[object], left: threading.Event) -> None:
    try:
        for item in source:
            if left.is_set():
                break
            heard.put(item)
        if isinstance(source, Generator):
            source.close()
        heard.put(_END)
    except BaseException as error:  # noqa: BLE001 - carried to the script, which raises it
        heard.put(error)
