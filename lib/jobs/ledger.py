"""What jobs were expected to take and what they took, added up by month, project and owner."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from lib.jobs.listing import Summary

ESTIMATED = {"tokens": "billed_tokens", "dollars": "dollars", "minutes": "minutes"}
"""Measure -> its name in a stored estimate."""


@dataclass
class Entry:
    """The jobs of one owner for one project in one month (UTC, `2026-11`). A sum is None where no job told it.

    Sums of what was estimated are over all jobs, those of what it took over the jobs that told it. Dollars are US
    dollars: jobs billed in another currency add none.
    """

    month: str
    project: str
    owner: str
    jobs: int = 0
    estimated_tokens: float | None = None
    tokens: float | None = None
    estimated_dollars: float | None = None
    dollars: float | None = None
    estimated_minutes: float | None = None
    minutes: float | None = None

    def add(self, job: Summary) -> None:
        """Count one more job."""
        self.jobs += 1
        for measure, name in ESTIMATED.items():
            if measure == "dollars" and job.estimate.get("currency", "USD") != "USD":
                continue
            for attribute, told in (
                (f"estimated_{measure}", job.estimate.get(name)),
                (measure, job.actual.get(measure)),
            ):
                if told is not None:
                    setattr(self, attribute, (getattr(self, attribute) or 0) + told)


def ledger(jobs: Iterable[Summary]) -> list[Entry]:
    """Return an entry for each month, project and owner: the newest month first."""
    entries: dict[tuple[str, str, str], Entry] = {}
    for job in jobs:
        key = (datetime.fromtimestamp(job.created_at, UTC).strftime("%Y-%m"), job.project, job.owner)
        entries.setdefault(key, Entry(*key)).add(job)
    in_order = sorted(entries.values(), key=lambda entry: (entry.project, entry.owner))
    return sorted(in_order, key=lambda entry: entry.month, reverse=True)
