"""Any file -> a spool on disk, read in a process with limits.

This is the way in for files that strangers made: whatever a file does to its reader, the caller gets a `Spool` or a
`DatasetError`. Safe to call from threads; nothing of the file is ever parsed in the calling process.
"""

from __future__ import annotations

import contextlib
import json
import logging
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lib.datasets.errors import DatasetError, ReaderFailed, ReadingStopped, TooMuchMemory, TooMuchTime
from lib.datasets.files.child import OUT_OF_MEMORY
from lib.datasets.files.readers import shown_name
from lib.datasets.files.spool_file import Spool, open_spool

MEMORY = 2 * 1024**3
"""Bytes of address space that reading may take; a parser reserves more than it fills."""
SECONDS = 60
SECONDS_PER_MB = 0.5
"""Processor time for any file, and what its size adds. A slow machine reads 10 MB of CSV in a second."""
PATIENCE = 4
"""Times that the clock on the wall may run on beyond the processor time, on a machine that is busy."""
POLL = 0.02

ROOT = Path(__file__).resolve().parents[3]
START = "import sys; sys.path.insert(0, sys.argv[1]); from lib.datasets.files.child import main; main()"
CPU_TIME_UP = getattr(signal, "SIGXCPU", 24)
log = logging.getLogger(__name__)


def spool(  # noqa: PLR0913 - each is one thing a reader may be told
    path: Path,
    name: str,
    to: Path,
    *,
    encoding: str | None = None,
    delimiter: str | None = None,
    sheet: str | None = None,
    header: int | None = None,
    quote: str | None = None,
    stop: Callable[[], bool] | None = None,
) -> Spool:
    """Read a file into the spool `to`. What is not given is detected; `stop` is asked often and ends the reading.

    Raises `DatasetError`: a refusal of the reader, `TooMuchMemory`, `TooMuchTime`, `ReadingStopped`.
    """
    how = {"encoding": encoding, "delimiter": delimiter, "sheet": sheet, "header": header, "quote": quote}
    seconds = SECONDS + int(SECONDS_PER_MB * path.stat().st_size / 2**20)
    request = {"path": str(path), "name": name, "to": str(to), "how": how, "memory": MEMORY, "seconds": seconds}
    try:
        ask_child(request, seconds * PATIENCE, shown_name(name), stop or (lambda: False))
    except BaseException:
        to.unlink(missing_ok=True)
        raise
    return open_spool(to)


def ask_child(request: dict[str, Any], seconds: float, name: str, stop: Callable[[], bool]) -> None:
    """Run the child until it is done; raise if it refuses, is stopped, dies or takes too long."""
    command = [sys.executable, "-P", "-c", START, str(ROOT)]
    end = time.monotonic() + seconds
    with subprocess.Popen(command, stdin=-1, stdout=-1, stderr=-1, text=True, encoding="utf-8") as child:
        try:
            out, complaint = talk(child, json.dumps(request), end, stop)
        except subprocess.TimeoutExpired as problem:
            raise TooMuchTime(file=name, limit=int(seconds)) from problem
        except InterruptedError as problem:
            raise ReadingStopped(file=name) from problem
        finally:
            child.kill()
    check_answer(child.returncode, out, complaint, name)


def talk(child: subprocess.Popen[str], request: str, end: float, stop: Callable[[], bool]) -> tuple[str, str]:
    """Hand over the request and wait for the answer; raise `TimeoutExpired` or `InterruptedError`.

    The request is short enough for a pipe. `communicate` is not asked to hand it over: when its time is up before it
    has, it forgets the request (Python 3.11), and the child would wait for ever.
    """
    if child.stdin:
        with contextlib.suppress(BrokenPipeError), child.stdin:
            child.stdin.write(request)
        child.stdin = None
    while True:
        try:
            return child.communicate(timeout=POLL)
        except subprocess.TimeoutExpired:
            if time.monotonic() > end:
                raise
            if stop():
                raise InterruptedError from None


def check_answer(status: int, out: str, complaint: str, name: str) -> None:
    """Raise what the child's answer and end mean, unless they mean that all is well."""
    answer: dict[str, Any] = json.loads(out) if out.endswith("\n") else {}
    if "error" in answer:
        raise DatasetError.from_json(answer)
    if status == 0 and "rows" in answer:
        return
    if status == -CPU_TIME_UP:
        raise TooMuchTime(file=name, limit=SECONDS)
    if status < 0 or answer.get("failed") == OUT_OF_MEMORY or "memory allocation" in complaint:
        raise TooMuchMemory(file=name, limit=MEMORY // 2**20)
    log.error("The reader of files failed (status %s): %s", status, complaint)
    raise ReaderFailed(file=name)
