"""Runs batches: checks each file, asks its requests a few at a time, and puts the answers into files.

Promises that an answer once given is kept whatever happens to the engine, that a batch which cannot go on (a full
disk) goes on when it can, and that a client's own request never waits behind a whole batch. Knows how to ask only
through the `answer` that it is given.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

from lib.engine.batches import rows as batch_rows
from lib.engine.batches.file import Asked, InvalidBatch, check_batch, requests_of, whole_file_error
from lib.engine.batches.log import ERRORS, OUTPUT, BatchLog
from lib.engine.errors import ApiError, server_error
from lib.engine.files.folder import Folder, Stored, hold
from lib.engine.limits import Limits
from lib.engine.store import Store
from lib.engine.tables import BatchRow, now

INPUT = "input.jsonl"
MOST_BATCHES = 4
"""Batches at work side by side; the others wait in line."""
MOST_REQUESTS = 4
"""Requests asked at once, of all batches: few beside the streams that clients may open."""
MOST_TRIES = 3
"""How often a request is asked that fails through our fault."""
PAUSE_WHEN_BUSY = 0.5
PAUSE_AFTER_TROUBLE = 2.0
SECONDS_BETWEEN_COUNTS = 0.5
UNANSWERED = {
    "expired": ("batch_expired", "This request could not be executed before the completion window expired."),
    "cancelled": ("batch_cancelled", "The batch was cancelled before this request was executed."),
}
"""What the error file says of requests that were never answered: OpenAI's codes."""

Answer = Callable[[dict[str, Any], str, str], Awaitable[dict[str, Any]]]
"""Asks a body of an endpoint for a project; raises `ApiError` where a client would be refused."""
IsKnown = Callable[[str, str], bool]
"""Tells whether a project may ask a model."""

log = logging.getLogger(__name__)


class Batches:
    """The batches at work. `home` is the folder of their progress."""

    def __init__(
        self, store: Store, files: Folder, home: Path, limits: Limits, answer: Answer, is_known: IsKnown
    ) -> None:
        self._store = store
        self._files = files
        self._home = home
        self._limits = limits
        self._answer = answer
        self._is_known = is_known
        self._places = asyncio.Semaphore(MOST_REQUESTS)
        self._changed = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._watching: asyncio.Task[None] | None = None
        self._running: dict[str, tuple[asyncio.Task[None], asyncio.Event]] = {}

    async def start(self) -> None:
        """Work in the background, beginning with what an earlier engine left."""
        self._loop = asyncio.get_running_loop()
        await asyncio.to_thread(self._clear_up)
        self._watching = asyncio.create_task(self._watch())

    async def stop(self) -> None:
        """Leave the rest to the next engine."""
        tasks = [task for task, _ in self._running.values()] + ([self._watching] if self._watching else [])
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def changed(self) -> None:
        """Tell that a batch was made or is to be cancelled. Any thread may call this."""
        if self._loop and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._changed.set)

    def _clear_up(self) -> None:
        """Remove the progress of batches that have ended."""
        self._home.mkdir(parents=True, exist_ok=True)
        waiting = {row.id for row in batch_rows.waiting(self._store)}
        for folder in self._home.iterdir():
            if folder.name not in waiting:
                shutil.rmtree(folder)

    async def _watch(self) -> None:
        while True:
            self._changed.clear()
            try:
                rows = await asyncio.to_thread(batch_rows.waiting, self._store)
            except Exception:
                log.exception("the batches could not be read")
                await asyncio.sleep(PAUSE_AFTER_TROUBLE)
                continue
            for row in rows:
                if row.id in self._running:
                    if row.status == "cancelling":
                        self._running[row.id][1].set()
                elif len(self._running) < MOST_BATCHES:
                    self._begin(row.id)
            await self._changed.wait()

    def _begin(self, batch_id: str) -> None:
        cancelled = asyncio.Event()
        task = asyncio.create_task(self._run(batch_id, cancelled))
        self._running[batch_id] = task, cancelled

        def ended(_task: asyncio.Task[None]) -> None:
            del self._running[batch_id]
            self._changed.set()

        task.add_done_callback(ended)

    async def _run(self, batch_id: str, cancelled: asyncio.Event) -> None:
        """Bring a batch to its end, however often that takes."""
        while True:
            try:
                await self._advance(batch_id, cancelled)
            except ApiError as problem:
                log.warning("batch %s waits: %s", batch_id, problem.message)
                await asyncio.sleep(PAUSE_AFTER_TROUBLE)
            except Exception:
                log.exception("batch %s could not go on", batch_id)
                await asyncio.sleep(PAUSE_AFTER_TROUBLE)
            else:
                return

    async def _advance(self, batch_id: str, cancelled: asyncio.Event) -> None:
        row = await asyncio.to_thread(batch_rows.read, self._store, batch_id)
        if row.status == "validating":
            row = await asyncio.to_thread(self._validate, row)
        if row.status not in batch_rows.WAITING:
            return
        progress = await asyncio.to_thread(BatchLog, self._home / row.id)
        try:
            end = "cancelled" if row.status == "cancelling" else "completed"
            if row.status == "in_progress":
                end = await self._ask_all(row, progress, cancelled)
            await asyncio.to_thread(self._finish, row, progress, end)
        finally:
            await asyncio.to_thread(progress.close)

    def _validate(self, row: BatchRow) -> BatchRow:
        """Check a batch's file, of which the batch gets its own hold; return the batch as it is then."""
        own = self._home / row.id / INPUT
        own.parent.mkdir(parents=True, exist_ok=True)
        try:
            hold(self._files.path(row.input_file), own)
            most, endpoint = self._limits.batch_rows, row.endpoint
            found = check_batch(own, endpoint, most, lambda model: self._is_known(model, row.project))
        except FileNotFoundError:
            gone = whole_file_error("file_not_found", f"The file '{row.input_file}' was deleted.", "input_file_id")
            return self._fail(row, gone)
        except InvalidBatch as problem:
            return self._fail(row, problem)
        return batch_rows.begin(self._store, row.id, found.total, found.model)

    def _fail(self, row: BatchRow, problem: InvalidBatch) -> BatchRow:
        failed = batch_rows.fail(self._store, row.id, problem.errors)
        shutil.rmtree(self._home / row.id)
        return failed

    async def _ask_all(self, row: BatchRow, progress: BatchLog, cancelled: asyncio.Event) -> str:
        """Ask what was not answered yet; return how that ended."""
        requests = requests_of(self._home / row.id / INPUT)
        tasks = [asyncio.create_task(self._ask_some(row, requests, progress)) for _ in range(MOST_REQUESTS)]
        asking = asyncio.gather(*tasks)
        stopping = asyncio.create_task(cancelled.wait())
        counting = asyncio.create_task(self._count(row, progress))
        ends: set[asyncio.Future[Any]] = {asking, stopping}
        try:
            await asyncio.wait(ends, timeout=max(0, row.expires_at - now()), return_when=asyncio.FIRST_COMPLETED)
            if asking.done():
                asking.result()
                return "completed"
            return "cancelled" if stopping.done() else "expired"
        finally:
            for task in (*tasks, stopping, counting):
                task.cancel()
            await asyncio.gather(asking, *tasks, stopping, counting, return_exceptions=True)

    async def _ask_some(self, row: BatchRow, requests: Iterator[Asked], progress: BatchLog) -> None:
        for asked in requests:
            if asked.custom_id in progress.done:
                continue
            async with self._places:
                status, body = await self._ask(row, asked)
            await asyncio.to_thread(progress.answered, asked.custom_id, status, body)

    async def _count(self, row: BatchRow, progress: BatchLog) -> None:
        """Tell the store now and then how far a batch is: each telling is synced to the disk."""
        told = 0
        while True:
            await asyncio.sleep(SECONDS_BETWEEN_COUNTS)
            if len(progress.done) != told:
                told = len(progress.done)
                await asyncio.to_thread(batch_rows.count, self._store, row.id, progress)

    async def _ask(self, row: BatchRow, asked: Asked) -> tuple[int, dict[str, Any]]:
        """Return the status and the body of an answer, or of the refusal that stands."""
        tries = 1
        while True:
            try:
                return 200, await self._answer(asked.body, row.endpoint, row.project)
            except ApiError as problem:
                refusal = problem
            except Exception:
                log.exception("a request of batch %s could not be answered", row.id)
                refusal = server_error("The engine had an unexpected problem with this request.")
            if refusal.status < 500 and refusal.status != 429:
                return refusal.status, refusal.body()
            if refusal.status != 429:  # busy is no failure: it waits for its turn
                tries += 1
            if tries > MOST_TRIES:
                return refusal.status, refusal.body()
            await asyncio.sleep(PAUSE_WHEN_BUSY)

    def _finish(self, row: BatchRow, progress: BatchLog, end: str) -> None:
        """Put what there is into files and end the batch, in one transaction."""
        if end == "completed" and not batch_rows.finalize(self._store, row.id):
            end = "cancelled"
        own = self._home / row.id / INPUT
        if end in UNANSWERED and row.total and own.exists():
            for asked in requests_of(own):
                progress.unanswered(asked.custom_id, *UNANSWERED[end])
        stored = [self._save(progress.path(name)) for name in (OUTPUT, ERRORS)]
        try:
            batch_rows.end(self._store, row.id, end, progress, *stored)
        except BaseException:
            for file in stored:
                if file:
                    self._files.remove(file.id)
            raise
        shutil.rmtree(self._home / row.id)

    def _save(self, path: Path | None) -> Stored | None:
        if path is None:
            return None
        with path.open("rb") as source:
            return self._files.save(source)
