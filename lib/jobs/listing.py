"""Many jobs at a glance, for a table: one query for all of them, one more for how far the live ones are."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from sqlalchemy import func, select

from lib.db import DatasetRow, EventRow, JobRow, VersionRow, session
from lib.jobs.records import FINAL, Status

MOST = 20_000
"""Jobs in a table at most, the newest."""


NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Summary:
    """What a table tells of a job. `fraction` is how far it is, where that is known."""

    id: str
    name: str
    status: str
    model: str
    dataset: str
    created_at: float
    notes: str
    tags: tuple[str, ...]
    owner: str
    project: str
    hidden: bool
    remote_id: str
    tuned_model: str
    fraction: float | None = None
    estimate: Mapping[str, Any] = field(default_factory=lambda: NOTHING)
    actual: Mapping[str, Any] = field(default_factory=lambda: NOTHING)

    @property
    def live(self) -> bool:
        """Return whether the job itself goes on."""
        return self.status not in FINAL

    def holds(self, words: Collection[str]) -> bool:
        """Return whether every one of these words, in lower case, is somewhere in what people look for."""
        if not words:
            return True
        known = (self.name, self.model, self.dataset, self.notes, *self.tags, self.project, self.owner)
        text = "\n".join((*known, self.id, self.remote_id, self.tuned_model)).casefold()
        return all(word in text for word in words)


def summaries(*, with_figures: bool = False) -> list[Summary]:
    """Return all jobs, newest first, hidden ones too; what they were to take and took only if it is asked for."""
    columns = (
        JobRow.id,
        JobRow.name,
        JobRow.status,
        JobRow.model,
        DatasetRow.name,
        VersionRow.number,
        JobRow.created_at,
        JobRow.notes,
        JobRow.tags,
        JobRow.owner,
        JobRow.project,
        JobRow.hidden_at,
        JobRow.remote_id,
        JobRow.tuned_model,
        *((JobRow.estimate, JobRow.actual) if with_figures else ()),
    )
    query = (
        select(*columns)
        .join(VersionRow, VersionRow.id == JobRow.version_id)
        .join(DatasetRow, DatasetRow.id == VersionRow.dataset_id)
        .order_by(JobRow.created_at.desc())
        .limit(MOST)
    )
    with session() as opened:
        rows = opened.execute(query).all()
    live = _fractions([row[0] for row in rows if row[2] not in FINAL])
    return [
        Summary(
            id=id,
            name=name,
            status=status,
            model=model,
            dataset=f"{dataset} v{number}",
            created_at=created_at,
            notes=notes,
            tags=tuple(map(str, tags)),
            owner=owner,
            project=project,
            hidden=hidden_at is not None,
            remote_id=remote_id or "",
            tuned_model=tuned_model or "",
            fraction=1.0 if status == Status.SUCCEEDED else live.get(id),
            **dict(zip(("estimate", "actual"), figures, strict=False)),
        )
        for (
            id,
            name,
            status,
            model,
            dataset,
            number,
            created_at,
            notes,
            tags,
            owner,
            project,
            hidden_at,
            remote_id,
            tuned_model,
            *figures,
        ) in rows
    ]


def _fractions(ids: list[str]) -> dict[str, float]:
    """Return how far jobs are, by the newest metrics event of each."""
    found: dict[str, float] = {}
    for some in (ids[start : start + 500] for start in range(0, len(ids), 500)):
        newest = (
            select(func.max(EventRow.number))
            .where(EventRow.job_id.in_(some), EventRow.type == "metrics")
            .group_by(EventRow.job_id)
        )
        with session() as opened:
            told = opened.execute(select(EventRow.job_id, EventRow.data).where(EventRow.number.in_(newest))).all()
        for id, data in told:
            step, total = data.get("step"), data.get("total_steps")
            if isinstance(step, int | float) and isinstance(total, int | float) and total > 0:
                found[id] = min(1.0, step / total)
    return found
