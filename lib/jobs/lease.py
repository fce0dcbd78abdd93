"""Who may act on a job: one worker at a time, over any number of replicas of this server.

A claim is one conditional UPDATE. What the holder writes is fenced: it changes nothing once the lease went to somebody
else. A lease is short and renewed while a step runs, so the jobs of a worker that was killed are free soon.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, and_, case, func, or_, select, update
from sqlalchemy.orm import Session

from lib.db import EventRow, JobRow, insert_once, now, session

LEASE_SECONDS = 15.0


class LeaseLost(Exception):
    """Another worker holds the job now."""


@dataclass(frozen=True)
class Line:
    """A line for a job's log. The same id is written once a job."""

    id: str
    created_at: float
    message: str
    source: str = "backend"
    level: str = "info"
    type: str = "message"
    data: dict[str, Any] = field(default_factory=dict)


def note(key: str, template: str, level: str = "info", **values: Any) -> Line:
    """Return a line of our own: an English template, translated with its values when it is shown."""
    return Line(f"dashboard-{key}", now(), template, source="dashboard", level=level, data={"values": values})


@dataclass
class Lease:
    """The right to act on a job. `job` is the row as this holder last saw or wrote it."""

    job: JobRow
    owner: str
    claimed_at: float

    def save(self, *lines: Line, **values: Any) -> None:
        """Write to the row, and lines to its log, in one transaction.

        Raises:
            LeaseLost: the job is somebody else's now; nothing was written.
        """
        if "status" in values and values["status"] != self.job.status:
            values.setdefault("status_at", now())
        with session() as opened:
            mine = (JobRow.id == self.job.id, JobRow.lease_owner == self.owner)
            # The owner is written as well, so that lines alone are fenced too.
            _demand(opened.execute(update(JobRow).where(*mine).values(lease_owner=self.owner, **values)))
            for line in lines:
                write_line(opened, self.job.id, line)
        for name, value in values.items():
            setattr(self.job, name, value)

    def renew(self) -> None:
        """Hold on for another while."""
        self.save(lease_until=now() + LEASE_SECONDS)

    def release(self, pause: float) -> None:
        """Let go; the next step is due after `pause` seconds, or at once if a wish came in meanwhile."""
        asked_meanwhile = or_(*(at >= self.claimed_at for at in (JobRow.cancel_requested_at, JobRow.wished_at)))
        due = case((asked_meanwhile, 0.0), else_=now() + pause)
        with session() as opened:
            opened.execute(
                update(JobRow)
                .where(JobRow.id == self.job.id, JobRow.lease_owner == self.owner)
                .values(lease_owner=None, lease_until=0.0, next_step_at=due)
            )


def claim(owner: str, limit: int) -> list[Lease]:
    """Return leases on jobs whose next step is due and that nobody holds."""
    at = now()
    due = and_(_open(at), JobRow.next_step_at <= at)
    with session() as opened:
        ids = opened.scalars(select(JobRow.id).where(due).order_by(JobRow.next_step_at).limit(limit)).all()
    taken = [id for id in ids if _take(id, owner, due, at)]
    with session() as opened:
        return [Lease(job, owner, at) for job in opened.scalars(select(JobRow).where(JobRow.id.in_(taken)))]


def next_due() -> float | None:
    """Return when the next step of any job is due, or None while all have ended."""
    with session() as opened:
        return opened.scalar(select(func.min(JobRow.next_step_at)).where(_open(now())))


def write_line(opened: Session, job_id: str, line: Line) -> None:
    """Put a line into a job's log unless it is there."""
    values = {k: v for k, v in asdict(line).items() if k != "id"}
    insert_once(opened, EventRow, job_id=job_id, event_id=line.id, **values)


def _open(at: float) -> ColumnElement[bool]:
    return and_(JobRow.closed_at.is_(None), or_(JobRow.lease_owner.is_(None), JobRow.lease_until < at))


def _take(id: str, owner: str, due: ColumnElement[bool], at: float) -> bool:
    with session() as opened:
        taken = opened.execute(
            update(JobRow).where(JobRow.id == id, due).values(lease_owner=owner, lease_until=at + LEASE_SECONDS)
        )
        return cast("CursorResult[Any]", taken).rowcount == 1


def _demand(written: Any) -> None:
    if cast("CursorResult[Any]", written).rowcount != 1:
        raise LeaseLost
