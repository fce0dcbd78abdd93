"""The coach: rules that read a job's curves and settings, and say what happened, by which numbers, and what to do.

Pure. Each rule looks at one thing and returns a `Finding` or nothing; it speaks only when the numbers are clear.
"""

from __future__ import annotations

from lib.results.coach.base import Action, Case, Finding
from lib.results.coach.rate import RATE
from lib.results.coach.reach import REACH
from lib.results.coach.trust import TRUST

RULES = [*RATE, *REACH, *TRUST]

__all__ = ["Action", "Case", "Finding", "findings"]


def findings(case: Case) -> list[Finding]:
    """Return what is to be said of a job, the most important first; empty where nothing looks wrong."""
    if case.frame.empty:
        return []
    return [found for rule in RULES if (found := rule(case)) is not None]
