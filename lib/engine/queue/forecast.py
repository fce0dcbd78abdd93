"""When a job will start and end: the queue played forward with the speeds that were measured.

Promises that positions are those in which `turns` would serve, and that a page of jobs costs one look at the queue: the
schedule is made once for a session. A time is None where a job ahead has a base that nobody has measured and whose
size is not known. Reads rows only; what `tell` writes are events.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import inf, isfinite
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lib.engine.jobs.events import note
from lib.engine.models.bases import OVERHEAD_SECONDS, STARTER, STARTER_EPOCHS, root_of, usual_speed
from lib.engine.queue.turns import Line, Rules, Waiting, served
from lib.engine.tables import FileRow, JobRow, SpeedRow, now

TOKENS_PER_BYTE = 0.3
"""Tokens in a byte of a training file before any job on its base has told: Chinese by characters and English by words
both come near it; English by characters (`starter`) has up to three times as many."""
USUAL_EPOCHS = 3
"""OpenAI's rule for "auto" between 34 and 8,333 examples."""
MUCH_LATER = 300
"""Seconds by which a start must be put off, at least, for another event."""
_STATES = {"validating_files": "validating", "queued": "waiting"}
_MEMO = "tuneboard_schedule"


@dataclass(frozen=True)
class Outlook:
    """What is ahead of a job. Times are in seconds since 1970; `position` is 1 for the job that is served next.

    `state` is validating, waiting, paused, running, or how the job ended. `ahead` counts the jobs that must end or
    start before it.
    """

    state: str
    position: int | None = None
    starts_at: int | None = None
    finishes_at: int | None = None
    reason: str | None = None
    ahead: int | None = None


@dataclass(frozen=True)
class Place:
    """One waiting job in the schedule. Times are infinite where they cannot be told."""

    position: int
    ahead: int
    start: float
    finish: float
    held: bool
    """A device is free now, but its project runs as many jobs as it may."""


@dataclass(frozen=True)
class Load:
    """A running job: its project, and when it ends."""

    project: str
    finish: float


@dataclass
class _Devices:
    """The devices while time goes by: `busy` holds (end, project) of what runs."""

    now: float
    busy: list[tuple[float, str]]
    running: Counter[str] = field(default_factory=Counter)

    def free_one(self) -> None:
        """Let time pass until the next job ends."""
        end, project = heapq.heappop(self.busy)
        self.now = max(self.now, end)
        self.running[project] -= 1

    def start(self, project: str, seconds: float) -> float:
        """Begin a job now; return when it ends."""
        end = self.now + seconds
        heapq.heappush(self.busy, (end, project))
        self.running[project] += 1
        return end


def schedule(
    line: Line, seconds: Mapping[str, float], running: Sequence[Load], rules: Rules, at: float
) -> dict[str, Place]:
    """Serve the whole line, in turn, on devices that come free one by one; return each job's place by id.

    `seconds` tells how long each waiting job will take.
    """
    devices = _Devices(at, sorted((load.finish, load.project) for load in running))
    devices.running.update(load.project for load in running)
    places: dict[str, Place] = {}
    held = False
    while True:
        if len(devices.busy) >= rules.slots:
            devices.free_one()
            continue
        job = line.take(devices.running, rules.cap)
        if job is None:
            if not devices.busy or not line:
                return places
            held = held or devices.now == at
            devices.free_one()
            continue
        ahead = len(places) + len(running) if devices.now > at else 0
        start = devices.now
        finish = devices.start(job.project, seconds[job.id])
        places[job.id] = Place(len(places) + 1, ahead, start, finish, held)


def outlook(session: Session, row: JobRow, rules: Rules = Rules()) -> Outlook:  # noqa: B008 - frozen
    """Return what is ahead of a job, as things stand in this session."""
    if row.paused:
        return Outlook("paused")
    state = _STATES.get(row.status, row.status)
    if row.status == "running":
        return Outlook(state, finishes_at=_whole(_end_of(session, row)))
    if state == row.status:
        return Outlook(state)
    place = _places(session, rules, row.id).get(row.id)
    if place is None:
        return Outlook(state)
    reason = row.waits_for or _reason(place, rules)
    return Outlook(state, place.position, _whole(place.start), _whole(place.finish), reason, place.ahead)


def _reason(place: Place, rules: Rules) -> str | None:
    if place.held:
        return f"Its project runs as many jobs as it may ({rules.cap})."
    return sentence(place) if place.ahead else None


def sentence(place: Place, at: float | None = None) -> str:
    """Say what is ahead: "3 jobs ahead; starts in about 12 minutes"."""
    said = f"{place.ahead} job{'s' * (place.ahead != 1)} ahead"
    if not isfinite(place.start):
        return said
    return f"{said}; starts in about {_span(place.start - (now() if at is None else at))}"


def _span(seconds: float) -> str:
    for size, name in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= 1.5 * size:
            return f"{round(seconds / size)} {name}s"
    return "a minute"


def tell(session: Session, rules: Rules) -> None:
    """Tell waiting jobs what is ahead of them, where it is news: at first, each time the line before them has halved,
    and when their start is put off by half of the wait that they were told.
    """
    session.info.pop(_MEMO, None)
    places = _places(session, rules)
    at = now()
    rows = select(JobRow).where(JobRow.status == "queued", JobRow.paused.is_(False))
    for row in session.scalars(rows):
        place = places.get(row.id)
        if place and place.ahead and _is_news(row, place, at):
            note(session, row.id, sentence(place, at))
            row.told_ahead, row.told_start = place.ahead, _whole(place.start)


def _is_news(row: JobRow, place: Place, at: float) -> bool:
    if row.told_ahead is None or place.ahead <= row.told_ahead / 2:
        return True
    if row.told_start is None or not isfinite(place.start):
        return False
    return place.start - row.told_start > max(MUCH_LATER, (row.told_start - at) / 2)


def _places(session: Session, rules: Rules, wanted: str | None = None) -> Mapping[str, Place]:
    """Return the schedule of this session, made anew if a job that is asked for has come since."""
    places: Mapping[str, Place] | None = session.info.get(_MEMO)
    if places is None or (wanted and wanted not in places):
        places = session.info[_MEMO] = _play(session, rules)
    return places


def _play(session: Session, rules: Rules) -> Mapping[str, Place]:
    columns = (JobRow.id, JobRow.seq, JobRow.project, JobRow.priority, JobRow.interrupted)
    epochs = func.json_extract(JobRow.hyperparameters, "$.n_epochs")
    work = (JobRow.model, epochs, JobRow.parameters, JobRow.last_step, JobRow.total_steps)
    query = select(*columns, *work, FileRow.bytes).join(FileRow, FileRow.id == JobRow.training_file, isouter=True)
    query = query.where(JobRow.status.in_(("validating_files", "queued")), JobRow.paused.is_(False))
    rows = tuple(tuple(row) for row in session.execute(query))
    if not rows:
        return {}
    begun = session.scalars(select(JobRow).where(JobRow.status == "running"))
    running = tuple(Load(row.project, _end_of(session, row)) for row in begun)
    speeds = tuple(session.execute(select(*SpeedRow.__table__.columns)))
    turns = tuple(served(session, {row[2] for row in rows}).items())
    return _played(rows, speeds, running, turns, rules, now())


@lru_cache(maxsize=4)
def _played(
    rows: tuple[tuple[Any, ...], ...],
    speeds: tuple[Any, ...],
    running: tuple[Load, ...],
    turns: tuple[tuple[str, int], ...],
    rules: Rules,
    at: int,
) -> Mapping[str, Place]:
    """Return the schedule; the same for all who ask within a second while nothing changes."""
    known = {speed.base: speed for speed in speeds}
    seconds = {row[0]: expected_seconds(Work(*row[5:]), known) for row in rows}
    line = Line([Waiting(*row[:5]) for row in rows], dict(turns))
    return schedule(line, seconds, running, rules, at)


@dataclass(frozen=True)
class Work:
    """What decides how long a job takes."""

    model: str
    epochs: object
    """As asked: a number, "auto" or nothing."""
    parameters: int | None
    last_step: int
    total_steps: int | None
    bytes: int | None


def expected_seconds(work: Work, speeds: Mapping[str, SpeedRow]) -> float:
    """Return how long a job will run from now on; infinity where nothing tells."""
    root = root_of(work.model)
    speed = speeds.get(root)
    if work.bytes is None or (speed is None and root != STARTER and work.parameters is None):
        return inf
    tokens = work.bytes * ((speed.tokens_per_byte if speed else None) or TOKENS_PER_BYTE)
    usual = STARTER_EPOCHS.reach(round(tokens)) if root == STARTER else USUAL_EPOCHS
    epochs = work.epochs if isinstance(work.epochs, int) else usual
    pace = speed.tokens_per_second if speed else usual_speed(work.parameters)
    left = 1 - work.last_step / work.total_steps if work.total_steps else 1.0
    return (speed.overhead_seconds if speed else OVERHEAD_SECONDS) + left * tokens * epochs / pace


def _end_of(session: Session, row: JobRow) -> float:
    """Return when a running job ends: by its own pace, or by what it should take where it has not made a step."""
    if row.estimated_finish:
        return max(row.estimated_finish, now())
    size = session.scalar(select(FileRow.bytes).where(FileRow.id == row.training_file))
    speed = session.get(SpeedRow, root_of(row.model))
    work = Work(row.model, row.hyperparameters.get("n_epochs"), row.parameters, row.last_step, row.total_steps, size)
    took_up = (row.started_at or now()) if row.starts == 1 else now()
    return max(now(), took_up + expected_seconds(work, {speed.base: speed} if speed else {}))


def _whole(seconds: float) -> int | None:
    return round(seconds) if isfinite(seconds) else None
