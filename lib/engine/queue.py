"""The queue: files are checked at once, jobs are trained one at a time in the order they came.

The store is the queue; this module only moves jobs along. Promises that one job's trouble never stops the next, and
that whatever was running when the engine went away is taken up again, from its last checkpoint, when it is back.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import shutil
import signal
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path

from lib.engine import progress, results
from lib.engine.files import Folder
from lib.engine.models import Models
from lib.engine.progress import find_job
from lib.engine.store import Store
from lib.engine.tables import JobRow
from lib.engine.trainer_process import EVENTS, Line, Trainer, clear_leftovers, cut_broken_end, last_words, read_lines
from lib.engine.validate import InvalidFile, check_file

POLITE_STOP = (128 + signal.SIGTERM, -signal.SIGTERM)
"""Exit codes of a trainer that was asked to stop. If it was not us, the machine is being shut down."""
PAUSE_AFTER_TROUBLE = 1.0
MIN_VALIDATION = 1

log = logging.getLogger(__name__)


class Queue:
    """Two loops: one checks files, one trains. `warm` is awaited when there is a new model to be asked."""

    def __init__(
        self,
        store: Store,
        files: Folder,
        models: Models,
        home: Path,
        command: Sequence[str],
        warm: Callable[[], Awaitable[None]],
    ) -> None:
        self._store = store
        self._files = files
        self._models = models
        self._home = home
        self._command = command
        self._warm = warm
        self._arrived = asyncio.Event()
        self._ready = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._loops: list[asyncio.Task[None]] = []
        self._current: tuple[str, Trainer] | None = None
        self._stops: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Work in the background; what a dead engine left is taken up first."""
        self._loop = asyncio.get_running_loop()
        self._loops = [
            asyncio.create_task(_forever(self._arrived, self._check_next)),
            asyncio.create_task(_forever(self._ready, self._train_next)),
        ]

    async def stop(self) -> None:
        """Stop the trainer and put its job back in the queue."""
        for task in self._loops:
            task.cancel()
        await asyncio.gather(*self._loops, *self._stops, return_exceptions=True)
        await asyncio.to_thread(progress.requeue, self._store, "The engine was stopped.", crashed=False)

    def arrived(self) -> None:
        """Tell that a job was created or resumed. Any thread may call this."""
        self._call(self._arrived.set)
        self._call(self._ready.set)

    def stopped(self, job_id: str) -> None:
        """Tell that a job was cancelled or paused: its trainer is no longer wanted. Any thread may call this."""
        self._call(partial(self._stop_trainer, job_id))

    def _call(self, act: Callable[[], None]) -> None:
        if self._loop and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(act)

    def _stop_trainer(self, job_id: str) -> None:
        if self._current and self._current[0] == job_id:
            task = asyncio.create_task(self._current[1].stop())
            self._stops.add(task)
            task.add_done_callback(self._stops.discard)

    async def _check_next(self) -> bool:
        row = await asyncio.to_thread(progress.oldest, self._store, "validating_files")
        if row is None:
            return False
        try:
            await asyncio.to_thread(self._check, row)
        except InvalidFile as problem:
            await asyncio.to_thread(progress.fail, self._store, row.id, problem.error())
        else:
            await asyncio.to_thread(progress.accept, self._store, row.id)
            self._ready.set()
        return True

    def _check(self, row: JobRow) -> None:
        kind = self._check_one(row.training_file, "training_file")
        if (kind == "preference") != (row.method == "dpo"):
            needed = "preference examples" if row.method == "dpo" else "chat or completion examples"
            message = f"Training file: the method '{row.method}' needs {needed}, but it holds {kind} examples."
            raise InvalidFile("invalid_training_file", message, "training_file")
        if row.validation_file:
            other = self._check_one(row.validation_file, "validation_file", MIN_VALIDATION)
            if other != kind:
                message = f"The validation file holds {other} examples, the training file {kind} examples."
                raise InvalidFile("invalid_validation_file", message, "validation_file")

    def _check_one(self, file_id: str, param: str, *minimum: int) -> str:
        try:
            return check_file(self._files.path(file_id), param, *minimum)
        except FileNotFoundError:
            raise InvalidFile(f"invalid_{param}", f"The file '{file_id}' was deleted.", param) from None

    async def _train_next(self) -> bool:
        # Nothing is being trained here and now: what says `running` was left by an engine that died, or by trouble.
        await asyncio.to_thread(progress.requeue, self._store, "Training was interrupted.", crashed=True)
        waiting = await asyncio.to_thread(progress.oldest, self._store, "queued")
        if waiting is None:
            return False
        row = await asyncio.to_thread(progress.begin, self._store, waiting.id)
        if row is None:
            return True
        try:
            await self._train(row)
        except Exception as problem:
            log.exception("job %s could not be trained", row.id)
            error = {"code": "server_error", "message": f"The engine could not go on: {problem}", "param": None}
            await asyncio.to_thread(progress.fail, self._store, row.id, error)
        return True

    async def _train(self, row: JobRow) -> None:
        folder = self._home / row.id

        async def deliver(lines: list[Line], offset: int) -> None:
            await asyncio.to_thread(progress.ingest, self._store, row.id, lines, offset)

        offset = await asyncio.to_thread(self._prepare, row, folder)
        lines, behind = await asyncio.to_thread(read_lines, folder / EVENTS, offset)
        await deliver(lines, behind)
        code = 0
        if not _has_ended(row, lines):
            trainer = Trainer(self._command, folder)
            self._current = (row.id, trainer)
            try:
                if await asyncio.to_thread(progress.is_running, self._store, row.id):
                    code = await trainer.run(behind, deliver)
            finally:
                self._current = None
        if await asyncio.to_thread(self._conclude, row.id, folder, code):
            await self._warm()

    def _prepare(self, row: JobRow, folder: Path) -> int:
        """Lay out the job's folder; return how far its event log was read."""
        folder.mkdir(parents=True, exist_ok=True)
        clear_leftovers(folder)
        cut_broken_end(folder / EVENTS)
        model = self._models.find(row.model, row.project)
        if model is None:
            raise FileNotFoundError(f"the model '{row.model}' is no longer there")
        spec = {
            "job_id": row.id,
            "method": row.method,
            "base": model.spec(),
            "training_file": self._own(folder, row.training_file),
            "validation_file": self._own(folder, row.validation_file) if row.validation_file else None,
            "hyperparameters": row.hyperparameters,
            "seed": row.seed,
            "output": str(folder / "model"),
        }
        part = folder / "spec.json.part"
        part.write_text(json.dumps(spec, ensure_ascii=False), encoding="utf-8")
        part.replace(folder / "spec.json")
        return row.offset

    def _own(self, folder: Path, file_id: str) -> str:
        """Give the job its own hold on a file, so that deleting the upload does not stop a resume."""
        own = folder / f"{file_id}.jsonl"
        if not own.exists():
            try:
                os.link(self._files.path(file_id), own)
            except FileNotFoundError:
                raise FileNotFoundError(f"the file '{file_id}' was deleted") from None
            except OSError:  # a file system without hard links
                shutil.copyfile(self._files.path(file_id), own)
        return str(own)

    def _conclude(self, job_id: str, folder: Path, code: int) -> bool:
        """Decide what a trainer's end means for its job; return whether there is a new model."""
        with self._store.reading() as session:
            row = find_job(session, job_id)
        outcome = row.outcome or {}
        if row.status != "running":
            return False
        if outcome.get("kind") == "done" and (folder / "model").is_dir():
            results.succeed(self._store, self._files, job_id, folder / "model")
            return True
        if outcome.get("kind") == "error":
            error = {key: outcome.get(key) for key in ("code", "message", "param")}
            progress.fail(self._store, job_id, error)
        elif code in POLITE_STOP:
            progress.requeue(self._store, "The training process was asked to stop.", crashed=True)
        else:
            progress.fail(self._store, job_id, results.reason_of_exit(code, last_words(folder)))
        return False


def _has_ended(row: JobRow, lines: list[Line]) -> bool:
    return bool(row.outcome) or any(line.get("kind") in ("done", "error") for line in lines)


async def _forever(wake: asyncio.Event, step: Callable[[], Awaitable[bool]]) -> None:
    """Do `step` while there is work, then sleep until woken."""
    while True:
        wake.clear()
        try:
            busy = await step()
        except Exception:
            log.exception("the queue stumbled")
            await asyncio.sleep(PAUSE_AFTER_TROUBLE)
            continue
        if not busy:
            await wake.wait()
