"""The trainer's process: start it, read the lines it writes, stop it.

Promises that every complete line reaches `deliver` once, with the offset behind it; that the process ends when this
one does (its standard input closes); and that two trainers never work in the same folder. Knows no job.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil

from lib.config import ROOT

EVENTS = "events.jsonl"
LOG = "trainer.log"
POLL_SECONDS = 0.2
GRACE_SECONDS = 25.0
"""A trainer that is told to stop saves what it has learnt first, and takes at most 20 s for it (`training/stop.py`)."""
_MOST_AT_ONCE = 4 * 1024 * 1024

Line = dict[str, Any]
Deliver = Callable[[list[Line], int], Awaitable[None]]
log = logging.getLogger(__name__)


class Trainer:
    """One trainer on one job folder."""

    def __init__(self, command: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None) -> None:
        self._command = command
        self._folder = folder
        self._environment = environment or {}
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = False

    async def run(self, offset: int, deliver: Deliver) -> int:
        """Train to the end and return the exit code; being cancelled stops the process first."""
        if self._stopping:
            return 0
        with (self._folder / LOG).open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                str(self._folder),
                stdin=asyncio.subprocess.PIPE,
                stdout=output,
                stderr=asyncio.subprocess.STDOUT,
                cwd=ROOT,
                env=child_environment() | dict(self._environment),
                start_new_session=True,  # Ctrl-C in a terminal is for the engine, which then stops us in order
            )
        be_nice(self._process.pid)
        ended = asyncio.ensure_future(self._process.wait())
        try:
            while not (ended.done() or self._stopping):
                await asyncio.wait({ended}, timeout=POLL_SECONDS)
                offset = await self._pass_on(offset, deliver)
        finally:
            await self.stop()
        return await ended

    async def _pass_on(self, offset: int, deliver: Deliver) -> int:
        while True:
            lines, behind = await asyncio.to_thread(read_lines, self._folder / EVENTS, offset)
            if behind == offset:
                return offset
            await deliver(lines, behind)
            offset = behind

    def memory(self) -> int:
        """Return the bytes of memory that the process holds now; 0 if it is not there."""
        try:
            return psutil.Process(self._process.pid).memory_info().rss if self._process else 0
        except psutil.Error:
            return 0

    async def stop(self, grace: float = GRACE_SECONDS) -> None:
        """Ask the process to end, and kill it if it has not within `grace` seconds."""
        self._stopping = True
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), grace)
        except TimeoutError:
            process.kill()
            await process.wait()


def read_lines(path: Path, offset: int) -> tuple[list[Line], int]:
    """Return the complete lines behind `offset`, and the offset behind them.

    A power cut may have taken the end of a file that was read further: then what comes next is new.
    """
    try:
        with path.open("rb") as file:
            offset = min(offset, os.fstat(file.fileno()).st_size)
            file.seek(offset)
            data = file.read(_MOST_AT_ONCE)
    except FileNotFoundError:
        return [], offset
    complete = data[: data.rfind(b"\n") + 1]
    lines = [line for raw in complete.splitlines() if (line := _decode(raw)) is not None]
    return lines, offset + len(complete)


def _decode(raw: bytes) -> Line | None:
    try:
        line = json.loads(raw)
    except ValueError:
        log.warning("skipped a broken line of a trainer: %r", raw[:200])
        return None
    return line if isinstance(line, dict) else None


def cut_broken_end(path: Path) -> None:
    """Drop the half line that a killed trainer may have left, so that the next one starts on a new line."""
    if path.exists():
        with path.open("r+b") as file:
            file.truncate(file.read().rfind(b"\n") + 1)


def clear_leftovers(folder: Path) -> None:
    """Make sure that no trainer of an engine that died still works in `folder`; it may save what it has learnt."""
    left = [p for p in psutil.process_iter(["cmdline"]) if str(folder) in (p.info["cmdline"] or [])]
    _, alive = psutil.wait_procs(left, timeout=GRACE_SECONDS)
    for process in alive:
        process.kill()
    psutil.wait_procs(alive, timeout=5)


def last_words(folder: Path) -> str:
    """Return the last line that a trainer printed, for the reason of its failure."""
    try:
        lines = (folder / LOG).read_text("utf-8", "replace").strip().splitlines()
    except OSError:
        return ""
    return lines[-1].strip()[:300] if lines else ""


def child_environment() -> dict[str, str]:
    """Return the environment of a child process: no keys, and threads that sleep when they wait."""
    kept = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}
    return kept | {"OMP_WAIT_POLICY": "PASSIVE"}


def be_nice(pid: int) -> None:
    """Let everything else on the machine go first."""
    try:
        psutil.Process(pid).nice(psutil.BELOW_NORMAL_PRIORITY_CLASS if sys.platform == "win32" else 10)
    except psutil.Error:
        log.info("could not lower the priority of process %s", pid)
