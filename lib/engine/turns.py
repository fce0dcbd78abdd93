"""Which job is next when a device is free.

The rules, the first that tells two jobs apart decides: a higher priority; a job that was interrupted and only needs to
go on; the project that was served longest ago, or never; the older job. A paused job has no turn, nor has one whose
project runs as many as it may. So projects of equal priority take turns one by one however many jobs each has sent,
and none of them waits for ever; a stream of jobs with a higher priority can keep the others waiting, as it is meant to.

`order` is a pure function over a few columns; `waiting` and `served` are the thin queries that fetch them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lib.engine.tables import JobRow


@dataclass(frozen=True)
class Rules:
    """How many jobs run at the same time: in all, and of one project."""

    slots: int = 1
    cap: int = 8


@dataclass(frozen=True)
class Waiting:
    """A job in the queue. `seq` grows with age's opposite: the older job has the smaller one."""

    id: str
    seq: int
    project: str
    priority: int = 0
    interrupted: bool = False


class Line:
    """The jobs that wait, from which the next one is taken again and again.

    `served` tells for each project when it was last served, as a number that grows with each start of a job.
    """

    def __init__(self, jobs: Iterable[Waiting], served: Mapping[str, int]) -> None:
        self._queues: dict[str, list[Waiting]] = defaultdict(list)
        for job in sorted(jobs, key=_rank, reverse=True):
            self._queues[job.project].append(job)
        self._served = dict(served)
        self._clock = max(self._served.values(), default=0)

    def take(self, running: Mapping[str, int], cap: int) -> Waiting | None:
        """Remove and return the next job; None if no project with a waiting job may run one more.

        `running` counts the running jobs of each project.
        """
        heads = [jobs[-1] for project, jobs in self._queues.items() if running.get(project, 0) < cap]
        if not heads:
            return None
        chosen = min(heads, key=lambda job: (-job.priority, not job.interrupted, self._turn(job.project), job.seq))
        jobs = self._queues[chosen.project]
        jobs.pop()
        if not jobs:
            del self._queues[chosen.project]
        self._clock += 1
        self._served[chosen.project] = self._clock
        return chosen

    def _turn(self, project: str) -> int:
        return self._served.get(project, 0)


def _rank(job: Waiting) -> tuple[int, bool, int]:
    """Return the order of jobs within one project."""
    return -job.priority, not job.interrupted, job.seq


def order(jobs: Iterable[Waiting], served: Mapping[str, int]) -> Iterator[Waiting]:
    """Yield the jobs in the order in which one device would take them."""
    line = Line(jobs, served)
    while (job := line.take({}, 1)) is not None:
        yield job


def next_job(session: Session, running: Sequence[str], cap: int) -> str | None:
    """Return the id of the job whose turn it is; `running` names the project of each running job."""
    jobs = waiting(session)
    chosen = Line(jobs, served(session, {job.project for job in jobs})).take(Counter(running), cap)
    return chosen.id if chosen else None


def waiting(session: Session) -> list[Waiting]:
    """Return the jobs in the queue that nobody has paused."""
    columns = (JobRow.id, JobRow.seq, JobRow.project, JobRow.priority, JobRow.interrupted)
    query = select(*columns).where(JobRow.status == "queued", JobRow.paused.is_(False))
    return [Waiting(*row) for row in session.execute(query)]


def served(session: Session, projects: Iterable[str]) -> dict[str, int]:
    """Return for each of the projects the number of its latest start."""
    query = select(JobRow.project, func.max(JobRow.turn)).where(JobRow.project.in_(list(projects)))
    return {project: turn for project, turn in session.execute(query.group_by(JobRow.project)) if turn is not None}


def take_turn(session: Session, row: JobRow) -> None:
    """Note that a job starts, and so its project is served."""
    latest = session.scalar(select(func.max(JobRow.turn))) or 0
    row.turn, row.interrupted = latest + 1, False
