"""Which job is next when a device is free.

The rules, the first that tells two jobs apart decides: a higher priority; a job that was interrupted and only needs to
go on; the project that was served longest ago, or never; the older job. A paused job has no turn, nor has one whose
project runs as many as it may. So projects of equal priority take turns one by one however many jobs each has sent,
and none of them waits for ever; a stream of jobs with a higher priority can keep the others waiting, as it is meant to.

`Line` and `order` are pure; `in_turn` and `served` are the thin queries behind them.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lib.engine.tables import JobRow

Head = tuple[int, bool, int, int, str]
"""What decides between the first jobs of two projects: the smaller goes first."""


@dataclass(frozen=True)
class Rules:
    """How many jobs run at the same time: in all, and of one project."""

    slots: int = 1
    cap: int = 8


@dataclass(frozen=True)
class Waiting:
    """A job in the queue. The older of two has the smaller `seq`."""

    id: str
    seq: int
    project: str
    priority: int = 0
    interrupted: bool = False


class Line:
    """The jobs that wait, from which the next one is taken again and again, each time in logarithmic time.

    `served` tells for each project when it was last served, as a number that grows with each start of a job.
    """

    def __init__(self, jobs: Iterable[Waiting], served: Mapping[str, int]) -> None:
        self._queues: dict[str, list[Waiting]] = defaultdict(list)
        for job in sorted(jobs, key=lambda job: (-job.priority, not job.interrupted, job.seq), reverse=True):
            self._queues[job.project].append(job)
        self._served = dict(served)
        self._clock = max(self._served.values(), default=0)
        self._heads = [self._head(project) for project in self._queues]
        heapq.heapify(self._heads)

    def __len__(self) -> int:
        return sum(map(len, self._queues.values()))

    def take(self, running: Mapping[str, int], cap: int) -> Waiting | None:
        """Remove and return the next job; None if no project with a waiting job may run one more.

        `running` counts the running jobs of each project.
        """
        full = []
        while self._heads and running.get(self._heads[0][-1], 0) >= cap:
            full.append(heapq.heappop(self._heads))
        chosen = self._serve() if self._heads else None
        for head in full:
            heapq.heappush(self._heads, head)
        return chosen

    def _serve(self) -> Waiting:
        *_, project = heapq.heappop(self._heads)
        chosen = self._queues[project].pop()
        self._clock += 1
        self._served[project] = self._clock
        if self._queues[project]:
            heapq.heappush(self._heads, self._head(project))
        return chosen

    def _head(self, project: str) -> Head:
        job = self._queues[project][-1]
        return -job.priority, not job.interrupted, self._served.get(project, 0), job.seq, project


def order(jobs: Iterable[Waiting], served: Mapping[str, int]) -> Iterator[Waiting]:
    """Yield the jobs in the order in which one device would take them."""
    line = Line(jobs, served)
    while (job := line.take({}, 1)) is not None:
        yield job


def in_turn(session: Session) -> Line:
    """Return the line of the jobs in the queue that nobody has paused."""
    columns = (JobRow.id, JobRow.seq, JobRow.project, JobRow.priority, JobRow.interrupted)
    query = select(*columns).where(JobRow.status == "queued", JobRow.paused.is_(False))
    jobs = [Waiting(*row) for row in session.execute(query)]
    return Line(jobs, served(session, {job.project for job in jobs}))


def served(session: Session, projects: Iterable[str]) -> dict[str, int]:
    """Return for each of the projects the number of its latest start."""
    query = select(JobRow.project, func.max(JobRow.turn)).where(JobRow.project.in_(list(projects)))
    return {project: turn for project, turn in session.execute(query.group_by(JobRow.project)) if turn is not None}


def take_turn(session: Session, row: JobRow) -> None:
    """Note that a job starts, and so its project is served."""
    latest = session.scalar(select(func.max(JobRow.turn))) or 0
    row.turn, row.interrupted = latest + 1, False
