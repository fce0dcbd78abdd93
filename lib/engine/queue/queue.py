"""The queue: files are checked at once; jobs are trained in turn, one on each device, each watched by itself.

The store is the queue and `turns` says who is next; this module only moves jobs along. Promises that one job's trouble
never stops another, that a job has one trainer at most, and that whatever was running when the engine went away is
taken up again, from where its trainer saved it, when it is back. Blocks no event loop: whatever touches the disk or the
store runs in a thread.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from lib.engine.files.folder import Folder
from lib.engine.files.validate import InvalidFile
from lib.engine.jobs import progress
from lib.engine.jobs.end import conclude
from lib.engine.jobs.files import check_files
from lib.engine.jobs.folder import lay_out
from lib.engine.jobs.progress import find_job
from lib.engine.limits import DEFAULTS
from lib.engine.models.models import Models
from lib.engine.models.removal import clear_job, job_folders
from lib.engine.queue import forecast
from lib.engine.queue.devices import CPU, Device
from lib.engine.queue.memory import Load, TooLarge, judge, measure, shape_of
from lib.engine.queue.trainer_process import EVENTS, GRACE_SECONDS, Line, Trainer, read_lines
from lib.engine.queue.turns import Rules, Waiting, in_turn
from lib.engine.store import Store
from lib.engine.tables import JobRow
from lib.engine.trouble import patiently

PAUSE_AFTER_TROUBLE = 1.0
CANCEL_GRACE_SECONDS = 5.0
"""A cancelled job has nothing to save."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Trainers:
    """How jobs are trained: the command that gets a job's folder, where it may run, how many of one project, and
    how many rows a file may have."""

    command: Sequence[str]
    devices: Sequence[Device] = (CPU,)
    cap: int = Rules.cap
    rows: int = DEFAULTS.file_rows

    @property
    def rules(self) -> Rules:
        """Return what decides whose turn it is."""
        return Rules(len(self.devices), self.cap)


@dataclass
class Run:
    """A job that is being trained here and now."""

    project: str
    slot: int
    trainer: Trainer
    need: int = 0
    """Bytes of memory that it was given."""
    task: asyncio.Task[None] | None = None

    def to_come(self) -> int:
        """Return how much of its memory it has not taken yet."""
        return max(0, self.need - self.trainer.memory())


class Queue:
    """Two loops: one checks files, one gives free devices to jobs. `warm` is awaited when there is a new model."""

    def __init__(
        self,
        store: Store,
        files: Folder,
        models: Models,
        home: Path,
        trainers: Trainers,
        warm: Callable[[], Awaitable[None]],
    ) -> None:
        self._store = store
        self._files = files
        self._models = models
        self._home = home
        self._trainers = trainers
        self._warm = warm
        self._arrived = asyncio.Event()
        self._ready = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._loops: list[asyncio.Task[None]] = []
        self._runs: dict[str, Run] = {}
        self._stops: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Work in the background; what a dead engine left is taken up first."""
        self._loop = asyncio.get_running_loop()
        self._loops = [
            asyncio.create_task(_forever(self._arrived, self._check_next)),
            asyncio.create_task(_forever(self._ready, self._serve_next)),
            asyncio.create_task(self._clear()),
        ]

    async def stop(self) -> None:
        """Stop the trainers and put their jobs back in the queue."""
        for loop in self._loops:
            loop.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)
        runs = [run.task for run in self._runs.values() if run.task]
        for task in runs:
            task.cancel()
        await asyncio.gather(*runs, *self._stops, return_exceptions=True)
        await asyncio.to_thread(progress.requeue, self._store, "The engine was stopped.", crashed=False)

    def arrived(self) -> None:
        """Tell that a job was created or resumed. Any thread may call this."""
        self._call(self._arrived.set)
        self._call(self._ready.set)

    def stopped(self, job_id: str) -> None:
        """Tell that a job was cancelled or paused: its trainer is no longer wanted. Any thread may call this."""
        self._call(partial(self._stop_soon, job_id))
        self._call(self._ready.set)

    def _call(self, act: Callable[[], None]) -> None:
        if self._loop and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(act)

    def _stop_soon(self, job_id: str) -> None:
        if run := self._runs.get(job_id):
            task = asyncio.create_task(self._stop_run(job_id, run))
            self._stops.add(task)
            task.add_done_callback(self._stops.discard)

    async def _stop_run(self, job_id: str, run: Run) -> None:
        paused = await asyncio.to_thread(progress.is_paused, self._store, job_id)
        await run.trainer.stop(GRACE_SECONDS if paused else CANCEL_GRACE_SECONDS)

    async def _check_next(self) -> bool:
        row = await asyncio.to_thread(progress.oldest_unchecked, self._store)
        if row is None:
            return False
        try:
            await asyncio.to_thread(check_files, row, self._files, self._trainers.rows)
        except InvalidFile as problem:
            await asyncio.to_thread(progress.fail, self._store, row.id, problem.error())
        except Exception as problem:
            log.exception("the files of job %s could not be checked", row.id)
            await self._give_up(row.id, problem)
        else:
            model = await asyncio.to_thread(self._models.find, row.model, row.project)
            parameters = model.facts.parameters if model else None
            await asyncio.to_thread(progress.accept, self._store, row.id, parameters)
        self._ready.set()
        return True

    async def _serve_next(self) -> bool:
        """Give one free device to the job whose turn it is; return whether there may be more to do."""
        # What says `running` but is trained by nobody here was left by an engine that died, or by trouble.
        ours = frozenset(self._runs)
        await asyncio.to_thread(progress.requeue, self._store, "Training was interrupted.", crashed=True, ours=ours)
        began = await self._begin_next()
        if not began:
            await asyncio.to_thread(self._tell_line)
        return began

    async def _begin_next(self) -> bool:
        taken = {run.slot for run in self._runs.values()}
        slot = next((i for i in range(len(self._trainers.devices)) if i not in taken), None)
        chosen = await asyncio.to_thread(self._next_job) if slot is not None else None
        if slot is None or chosen is None:
            return False
        device = self._trainers.devices[slot]
        try:
            need = 0 if device.far else await asyncio.to_thread(self._reserve, chosen.id, device)
        except TooLarge as problem:
            error = {"code": "insufficient_memory", "message": str(problem), "param": None}
            await asyncio.to_thread(progress.fail, self._store, chosen.id, error)
            return True
        except Exception as problem:
            log.exception("the memory of job %s could not be foretold", chosen.id)
            await self._give_up(chosen.id, problem)
            return True
        if need is None:
            return False
        row = await asyncio.to_thread(progress.begin, self._store, chosen.id)
        if row is not None:
            trainer = Trainer(self._trainers.command, self._home / row.id, device.environment)
            run = self._runs[row.id] = Run(row.project, slot, trainer, need)
            run.task = asyncio.create_task(self._watch(row, run))
        return True

    def _next_job(self) -> Waiting | None:
        """Return the job whose turn it is; one that was resumed before its trainer has stopped must wait for that."""
        running = Counter(run.project for run in self._runs.values())
        with self._store.reading() as session:
            line = in_turn(session)
        while (job := line.take(running, self._trainers.cap)) and job.id in self._runs:
            pass
        return job

    def _reserve(self, job_id: str, device: Device) -> int | None:
        """Return how much memory a job needs, or None if it must wait until others of ours give some back.

        It keeps its turn meanwhile: smaller ones that went ahead could keep it waiting for ever. Raises `TooLarge`
        where waiting would not help.
        """
        with self._store.reading() as session:
            row = find_job(session, job_id)
        model, file = self._models.find(row.model, row.project), self._files.path(row.training_file)
        shape = shape_of(model.path) if model else None
        if shape is None or not file.exists():
            return 0  # what is wrong is found, and said, where the job begins
        load = Load(row.hyperparameters, *measure(file), row.method == "dpo")
        neighbours = [run for run in self._runs.values() if self._trainers.devices[run.slot].gpu == device.gpu]
        verdict = judge(shape, load, device, sum(run.to_come() for run in neighbours))
        if not verdict.fits and not neighbours:
            raise TooLarge(verdict.complaint)
        if not verdict.fits:
            progress.hold(self._store, job_id, verdict.complaint)
        return verdict.need if verdict.fits else None

    def _tell_line(self) -> None:
        with self._store.writing() as session:
            forecast.tell(session, self._trainers.rules)

    async def _watch(self, row: JobRow, run: Run) -> None:
        """Train a job to its end, whatever that is; then its device is free."""
        try:
            await self._train(row, run)
        except Exception as problem:
            log.exception("job %s could not be trained", row.id)
            await self._give_up(row.id, problem)
        finally:
            del self._runs[row.id]
            self._ready.set()
        await asyncio.to_thread(clear_job, self._store, self._home / row.id)

    async def _clear(self) -> None:
        """Clear up after the jobs that ended when no engine was there to do it."""
        for folder in await asyncio.to_thread(job_folders, self._home):
            await asyncio.to_thread(clear_job, self._store, folder)

    async def _give_up(self, job_id: str, problem: Exception) -> None:
        """End a job that the engine itself stumbled over, so that it does not hold up the next."""
        error = {"code": "server_error", "message": f"The engine could not go on: {problem}", "param": None}
        await patiently(progress.fail, self._store, job_id, error)

    async def _train(self, row: JobRow, run: Run) -> None:
        folder = self._home / row.id

        async def deliver(lines: list[Line], offset: int) -> None:
            await patiently(progress.ingest, self._store, row.id, lines, offset)

        await asyncio.to_thread(self._prepare, row, folder)
        lines, behind = await asyncio.to_thread(read_lines, folder / EVENTS, row.offset)
        await deliver(lines, behind)
        code = 0
        if not _has_ended(row, lines) and await asyncio.to_thread(progress.is_running, self._store, row.id):
            code = await run.trainer.run(behind, deliver)
        others = frozenset(self._runs) - {row.id}
        if await patiently(conclude, self._store, self._files, folder, code, others):
            await self._warm()

    def _prepare(self, row: JobRow, folder: Path) -> None:
        model = self._models.find(row.model, row.project)
        if model is None:
            raise FileNotFoundError(f"the model '{row.model}' is no longer there")
        lay_out(folder, row, model, self._files)


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
