"""What launches may cost in a month, and what this month's have cost so far.

A month is a calendar month, UTC. A job costs what it really did once that is known, else what was estimated; one that
never reached its service costs nothing. Only US dollars are counted: jobs billed in another currency, or at a price
that nobody publishes, can't be held against a budget.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lib.config import settings
from lib.db import BudgetRow, JobRow, now, session
from lib.jobs.errors import OverBudget

EVERYBODY = ""
"""The owner whose budget holds for all who have none of their own."""
LOCK = 0x7B0D6E7
"""Number of the lock that PostgreSQL gives to one launch at a time."""


@dataclass(frozen=True)
class Budget:
    """US dollars of this month: what may be spent, and what is."""

    dollars: float
    spent: float

    def demand(self, dollars: float) -> None:
        """Hold one more launch against it.

        Raises:
            OverBudget: it would cost more than is left.
        """
        if dollars > 0 and self.spent + dollars > self.dollars:
            figures = {"asked": dollars, "spent": self.spent, "budget": self.dollars}
            raise OverBudget(**{name: f"{value:,.2f}" for name, value in figures.items()})


def budget(owner: str = EVERYBODY) -> Budget | None:
    """Return what an owner may spend and has spent this month; None where nobody set a limit."""
    with session() as opened:
        return _budget(opened, owner)


def demand(opened: Session, owner: str, dollars: float | None, launch_id: str) -> None:
    """Hold a launch that is being recorded against the budget; other launches wait until this transaction ends.

    Raises:
        OverBudget: it would cost more than is left.
    """
    if not dollars:
        return
    if opened.get_bind().dialect.name == "postgresql":  # on SQLite the insert before has locked out all others
        opened.execute(select(func.pg_advisory_xact_lock(LOCK)))
    found = _budget(opened, owner, without=launch_id)
    if found:
        found.demand(dollars)


def cost(estimate: Mapping[str, Any], actual: Mapping[str, Any]) -> float:
    """Return the US dollars of a job: what it cost, else what it was expected to."""
    if estimate.get("currency", "USD") != "USD":
        return 0.0
    known = actual.get("dollars")
    return float(known if known is not None else estimate.get("dollars") or 0.0)


def _budget(opened: Session, owner: str, without: str = "") -> Budget | None:
    rows = {row.owner: row.dollars for row in opened.scalars(select(BudgetRow)) if row.owner in {owner, EVERYBODY}}
    limit = rows.get(owner, rows.get(EVERYBODY, settings().monthly_budget))
    return None if limit is None else Budget(limit, _spent(opened, owner, without))


def _spent(opened: Session, owner: str, without: str) -> float:
    reached = JobRow.closed_at.is_(None) | JobRow.remote_id.is_not(None)
    query = select(JobRow.estimate, JobRow.actual).where(
        JobRow.owner == owner, JobRow.created_at >= _month_began(), JobRow.id != without, reached
    )
    return sum(cost(estimate, actual) for estimate, actual in opened.execute(query))


def _month_began() -> float:
    today = datetime.fromtimestamp(now(), UTC)
    return today.replace(day=1, hour=0, minute=0, second=0, microsecond=0).timestamp()
