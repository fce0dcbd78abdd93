"""The pieces of a file, worked on by several processes and handed back in order.

Processes are forked where that is safe: the caller has one thread and the system is Linux, so that what is loaded is
shared. Elsewhere they are started anew; a caller with several threads (a server) gets its work done in its own process.
At most two pieces for each process are under way, so memory does not grow with the file.
"""

from __future__ import annotations

import gc
import logging
import multiprocessing
import os
import pickle
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.context import BaseContext
from pathlib import Path
from typing import Any, Generic, TypeVar

from lib.errors import TuneboardError
from lib.workbench.errors import Stopped, WorkerDied, WorkerFailed

Piece = TypeVar("Piece")
Result = TypeVar("Result")

MOST_WORKERS = 8
POLL = 0.1
"""Seconds between two questions whether to stop."""
AHEAD = 2
"""Pieces that a process has at a time: one to work on, one waiting."""
MEMORY = 4 * 2**30
"""Bytes of address space that a process may add to what it starts with; running into it is a refusal, not a machine out
of memory."""

COLLECT = (100_000, 50, 50)
"""How seldom a process looks for cycles to free: parsed rows have none, and looking takes a tenth of the time."""

log = logging.getLogger(__name__)


def default_workers() -> int:
    """Return how many processes to use when nobody says: one for each processor this process may use."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(MOST_WORKERS, usable)


def in_order(
    work: Callable[[Piece], Result], pieces: Sequence[Piece], *, workers: int, stop: Callable[[], bool]
) -> Iterator[Result]:
    """Yield `work(piece)` for each piece, in order; `work` and what it returns must be picklable.

    Raises:
        Stopped: `stop` said so. It is asked at least five times a second, and no process outlives the answer.
        WorkerDied: a process was killed.
        TuneboardError: what the work itself raised.
    """
    if workers <= 1 or threading.active_count() > 1:
        yield from alone(work, pieces, stop)
        return
    team = Team(work, min(workers, len(pieces)))
    try:
        yield from team.share(pieces, stop)
    finally:
        team.dismiss()


def alone(work: Callable[[Piece], Result], pieces: Sequence[Piece], stop: Callable[[], bool]) -> Iterator[Result]:
    """Do all the work in this process."""
    for piece in pieces:
        if stop():
            raise Stopped
        yield work(piece)


class Team(Generic[Piece, Result]):
    """The processes that share a piece of work; `dismiss` ends them, done or not."""

    def __init__(self, work: Callable[[Piece], Result], workers: int) -> None:
        context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
        gc.freeze()  # what is there already is left alone by the children's collectors, and so stays shared
        self.members = [Member(context, work) for _ in range(workers)]
        gc.unfreeze()

    def share(self, pieces: Sequence[Piece], stop: Callable[[], bool]) -> Iterator[Result]:
        """Hand out the pieces and yield the results in order."""
        done: dict[int, Result] = {}
        given = 0
        for wanted in range(len(pieces)):
            while wanted not in done:
                given = self.hand_out(pieces, given, wanted)
                if stop():
                    raise Stopped
                for member in self.ready():
                    number, result = member.take()
                    done[number] = result
            yield done.pop(wanted)

    def hand_out(self, pieces: Sequence[Piece], given: int, wanted: int) -> int:
        """Give work to whoever has room, but not far ahead of what is wanted next; return how many were given."""
        room = AHEAD * len(self.members) * 2
        for _round in range(AHEAD):
            for member in self.members:
                if given < len(pieces) and given < wanted + room and len(member.under_way) <= _round:
                    member.give(given, pieces[given])
                    given += 1
        return given

    def ready(self) -> list[Member[Piece, Result]]:
        """Return the members that have a result, after waiting a moment for one."""
        by_end = {member.end: member for member in self.members}
        return [by_end[end] for end in wait(list(by_end), POLL) if isinstance(end, Connection)]

    def dismiss(self) -> None:
        """End all processes at once; they hold nothing that must be kept."""
        for member in self.members:
            member.process.terminate()
        for member in self.members:
            member.process.join(1)
            if member.process.is_alive():
                member.process.kill()
                member.process.join()
            member.end.close()


class Member(Generic[Piece, Result]):
    """One process, and the pieces that it has."""

    def __init__(self, context: BaseContext, work: Callable[[Piece], Result]) -> None:
        self.end, theirs = context.Pipe()
        self.under_way: list[int] = []
        self.process = context.Process(target=serve, args=(theirs, self.end, work), daemon=True)  # type: ignore[attr-defined]
        self.process.start()
        theirs.close()

    def give(self, number: int, piece: Piece) -> None:
        """Give a piece to work on."""
        with suppress(BrokenPipeError):  # it died; `take` says so
            self.end.send((number, piece))
        self.under_way.append(number)

    def take(self) -> tuple[int, Result]:
        """Return a finished piece; raise what went wrong with it."""
        try:
            number, result, problem = pickle.loads(self.end.recv_bytes())  # noqa: S301 - our own process wrote it
        except (EOFError, OSError) as gone:
            self.process.join(1)
            raise WorkerDied(status=self.process.exitcode) from gone
        self.under_way.remove(number)
        if problem is not None:
            raise_again(problem)
        return number, result


def serve(end: Connection, other: Connection, work: Callable[[Any], Any]) -> None:
    """Work on pieces until there are no more: the life of a process."""
    other.close()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # whatever the parent does about it
    limit_memory()
    gc.set_threshold(*COLLECT)
    with suppress(EOFError, BrokenPipeError, KeyboardInterrupt):
        while True:
            number, piece = end.recv()
            end.send_bytes(pickle.dumps(attempt(number, piece, work), pickle.HIGHEST_PROTOCOL))


def attempt(number: int, piece: Any, work: Callable[[Any], Any]) -> tuple[int, Any, dict[str, Any] | None]:
    """Return the number, the result, and what went wrong."""
    try:
        return number, work(piece), None
    except TuneboardError as refusal:
        return number, None, refusal.to_json()
    except MemoryError:
        return number, None, WorkerDied(status="memory").to_json()
    except Exception as fault:  # noqa: BLE001 - told to the process that waits, which raises it
        return number, None, {"fault": f"{type(fault).__name__}: {fault}", "trace": traceback.format_exc()}


def raise_again(problem: dict[str, Any]) -> None:
    """Raise in this process what another one could not deal with."""
    if "fault" in problem:
        log.error("A process of the workbench failed:\n%s", problem["trace"])
        raise WorkerFailed(detail=problem["fault"])
    raise TuneboardError.from_json(problem)


def limit_memory() -> None:
    """Cap this process at `MEMORY` more than it has, where the system can do that and tells how much that is."""
    with suppress(ImportError, ValueError, OSError):
        import resource  # noqa: PLC0415 - not on Windows

        pages = int(Path("/proc/self/statm").read_text().split()[0])
        limit = pages * resource.getpagesize() + MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
