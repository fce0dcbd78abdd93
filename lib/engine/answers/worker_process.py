"""The inference worker's process: started when it is first needed, shared by all, started again when it dies.

Promises that every stream ends with `done` or `error`, whatever happens to the process, one that lives but hangs
included; that a stream which is closed early is cancelled there; and that only so many requests wait at once. Knows no
wire format but the worker's own.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import time
from collections import Counter, deque
from collections.abc import Sequence
from typing import Any

from lib.config import ROOT
from lib.engine.errors import busy
from lib.engine.queue.trainer_process import child_environment
from lib.engine.tables import DEFAULT_PROJECT

MOST_REQUESTS = 64
RETRY_AFTER = 5
_LONGEST_LINE = 16 * 1024 * 1024
_GRACE_SECONDS = 3.0
PATIENCE_SECONDS = 120.0
"""How long a worker that was asked something may say nothing at all. It says every few seconds that it moves, and the
longest that it does not is one stretch of a prompt on a slow machine."""
BEHIND = 8
"""Events that a reader may be behind before text is put together."""
ENDS = frozenset({"done", "error"})

Event = dict[str, Any]
log = logging.getLogger(__name__)


class Stream:
    """The events of one request, in order. Close it to cancel what is left."""

    def __init__(self, worker: Worker, request_id: str, project: str) -> None:
        self._worker = worker
        self.id = request_id
        self.project = project
        self.ended = False
        self._events: deque[Event] = deque()
        self._come = asyncio.Event()

    def put(self, event: Event) -> None:
        """Add an event. To a reader who is far behind, text comes in larger pieces."""
        last = self._events[-1] if len(self._events) > BEHIND else None
        if last and last["event"] == event["event"] == "text" and last["index"] == event["index"]:
            last["text"] += event["text"]
            if "tokens" in last or "tokens" in event:
                last["tokens"] = [*last.get("tokens", ()), *event.get("tokens", ())]
        else:
            self._events.append(event)
        self._come.set()

    async def next(self, timeout: float | None = None) -> Event:
        """Return the next event; raise `TimeoutError` if none comes in time."""
        if not self._events:
            self._come.clear()
            async with asyncio.timeout(timeout):
                await self._come.wait()
        event = self._events.popleft()
        self.ended = event["event"] in ENDS
        return event

    def close(self) -> None:
        """Cancel the request unless it has ended."""
        self._worker.drop(self)


class Worker:
    """The process and the requests in it: `most` of all projects, and so many of one that others still get theirs."""

    def __init__(
        self,
        command: Sequence[str],
        most: int = MOST_REQUESTS,
        most_of_project: int | None = None,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        self._command = command
        self._patience = patience
        self._heard = 0.0
        self._most = most
        self._most_of_project = most_of_project or most
        self._numbers = itertools.count(1)
        self._streams: dict[str, Stream] = {}
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._entering: Counter[str] = Counter()
        self._starting = asyncio.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def generate(self, request: dict[str, Any], project: str = DEFAULT_PROJECT) -> Stream:
        """Hand a project's request to the worker and return its stream."""
        self._check_room(project)
        stream = Stream(self, f"r{next(self._numbers)}", project)
        self._entering[project] += 1
        try:
            process = await self._running()
            if not self._streams:
                self._heard = time.monotonic()
            self._streams[stream.id] = stream
        finally:
            self._entering[project] -= 1
        _tell(process, {"id": stream.id, "op": "generate", **request})
        return stream

    def _check_room(self, project: str) -> None:
        if len(self._streams) + self._entering.total() >= self._most:
            raise busy("The engine is writing as many answers as it can. Try again shortly.", RETRY_AFTER)
        own = sum(stream.project == project for stream in self._streams.values()) + self._entering[project]
        if own >= self._most_of_project:
            raise busy(f"{own} answers are being written for this project. Try again shortly.", RETRY_AFTER)

    async def warm(self) -> None:
        """Start the process ahead of the first request: its libraries take seconds to load. Never raises."""
        try:
            await self._running()
        except OSError:
            log.exception("the inference worker could not be started")

    def drop(self, stream: Stream) -> None:
        """Forget a stream, telling the worker if it is still at it."""
        known = self._streams.pop(stream.id, None)
        if known and not stream.ended and self._process:
            _tell(self._process, {"id": stream.id, "op": "cancel"})

    def forget(self, model: str) -> None:
        """Let go of a model's folder, which is about to be deleted. Any thread may call this."""
        if self._loop and self._process:
            request = {"id": "forget", "op": "forget", "model": model}
            self._loop.call_soon_threadsafe(_tell, self._process, request)

    async def stop(self) -> None:
        """End the process; whoever still waits gets an error."""
        process = self._process
        if process is None:
            return
        if process.stdin:
            process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), _GRACE_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()
        if self._reader:
            await self._reader

    async def _running(self) -> asyncio.subprocess.Process:
        async with self._starting:
            if self._process and self._reader and not self._reader.done():
                return self._process
            return await self._start()

    async def _start(self) -> asyncio.subprocess.Process:
        self._loop = asyncio.get_running_loop()
        process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            cwd=ROOT,
            env=child_environment(),
            limit=_LONGEST_LINE,
            start_new_session=True,  # Ctrl-C in a terminal is for the engine, which then stops us in order
        )
        self._process = process
        self._reader = asyncio.create_task(self._read(process))
        return process

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        """Hand out the worker's events until it ends, then tell those that were left waiting."""
        assert process.stdout  # noqa: S101 - it was made with a pipe
        watching = asyncio.create_task(self._watch(process))
        try:
            async for line in process.stdout:
                self._heard = time.monotonic()
                self._hand_out(line)
        except ValueError:  # a line too long to be one of ours
            log.exception("the inference worker is killed")
            process.kill()
        code = await process.wait()
        watching.cancel()
        for stream in list(self._streams.values()):
            stream.put(_died(code))
        self._streams.clear()

    async def _watch(self, process: asyncio.subprocess.Process) -> None:
        """Kill a process that lives but says nothing while it is asked: a new one answers those who ask again."""
        while True:
            await asyncio.sleep(self._patience / 4)
            if self._streams and time.monotonic() - self._heard > self._patience:
                log.error("the inference worker said nothing for %.0f s and is killed", self._patience)
                process.kill()
                return

    def _hand_out(self, line: bytes) -> None:
        try:
            event = json.loads(line)
            stream = self._streams.get(event["id"])
        except (ValueError, TypeError, KeyError):
            log.warning("skipped a line of the inference worker: %r", line[:200])
            return
        if stream:
            stream.put(event)
            if event["event"] in ENDS:
                del self._streams[stream.id]


def _tell(process: asyncio.subprocess.Process, message: dict[str, Any]) -> None:
    """Write a line. A process that is gone is no error here: its reader ends the streams."""
    if process.stdin and not process.stdin.is_closing():
        process.stdin.write(json.dumps(message).encode() + b"\n")


def _died(code: int) -> Event:
    message = f"The inference worker ended unexpectedly (exit code {code}). Try again: it starts anew."
    return {"event": "error", "status": 503, "code": "inference_worker_ended", "message": message}
