"""The worker: a thread of the server that moves every job on, with no browser open and after any restart.

It claims jobs whose next step is due, takes one step of each on a short-lived thread, and lets go. Any number of
workers may share a database; `lib.jobs.lease` keeps them apart.
"""

from __future__ import annotations

import logging
import os
import socket
import threading

from lib.db import new_id, now
from lib.errors import UnknownProblem
from lib.jobs import bell
from lib.jobs.lease import LEASE_SECONDS, Lease, LeaseLost, claim, next_due
from lib.jobs.steps import later, take_step

log = logging.getLogger(__name__)

IDLE_SECONDS = 1.0
"""How long a launch that another process recorded may wait to be seen."""
AT_ONCE = 8


class Worker:
    """One per server process. `start` and `stop` it, or call `run_once` from a test."""

    def __init__(self) -> None:
        self.owner = f"{socket.gethostname()}-{os.getpid()}-{new_id()[:8]}"
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._changed = threading.Condition()
        self._active: dict[str, Lease] = {}

    def start(self) -> None:
        """Start working; return at once."""
        for work in (self._work, self._renew):
            thread = threading.Thread(target=work, name=f"worker{work.__name__}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self, patience: float = 5.0) -> None:
        """Take no new steps; return when the running ones have ended, or when patience has.

        A step that goes on is cut by the end of the process. That is safe: what it sent is looked up later.
        """
        self._stopping.set()
        bell.ring()
        with self._changed:
            self._changed.wait_for(lambda: not self._active, patience)
        for thread in self._threads:
            thread.join(patience)

    def run_once(self) -> int:
        """Take every step that is due, here and now; return how many there were."""
        leases = claim(self.owner, AT_ONCE)
        for lease in leases:
            self._step(lease)
        return len(leases)

    def _work(self) -> None:
        while not self._stopping.is_set():
            try:
                self._spread()
                due = next_due()
            except Exception:  # a database that is away must not end the worker
                log.exception("The worker could not look for work")
                due = None
            bell.wait(IDLE_SECONDS if due is None else min(IDLE_SECONDS, max(0.01, due - now())))

    def _spread(self) -> None:
        """Give each job that is due a thread; wait for a free place when too many run."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._active) < AT_ONCE or self._stopping.is_set())
            places = AT_ONCE - len(self._active)
        if self._stopping.is_set():
            return
        for lease in claim(self.owner, places):
            with self._changed:
                self._active[lease.job.id] = lease
            threading.Thread(target=self._step, args=(lease,), name="job-step", daemon=True).start()

    def _step(self, lease: Lease) -> None:
        try:
            lease.release(_safely(lease))
        except LeaseLost:
            log.warning("Job %s went to another worker", lease.job.id)
        except Exception:
            log.exception("A step of job %s could not be recorded", lease.job.id)
        finally:
            with self._changed:
                self._active.pop(lease.job.id, None)
                self._changed.notify_all()
            bell.ring()

    def _renew(self) -> None:
        """Hold on to the leases of long steps."""
        while not self._stopping.wait(LEASE_SECONDS / 3):
            with self._changed:
                held = list(self._active.values())
            for lease in held:
                try:
                    lease.renew()
                except LeaseLost:  # the step has ended meanwhile, or will hear of it when it writes
                    continue
                except Exception:
                    log.exception("The lease of job %s could not be renewed", lease.job.id)


def _safely(lease: Lease) -> float:
    """Take a step; a bug of ours must not end the worker nor be repeated without a pause."""
    try:
        return take_step(lease)
    except LeaseLost:
        raise
    except Exception as problem:
        log.exception("A step of job %s failed in a way nobody foresaw", lease.job.id)
        return later(lease, UnknownProblem(name=type(problem).__name__, detail=str(problem)[:300]), LEASE_SECONDS)
