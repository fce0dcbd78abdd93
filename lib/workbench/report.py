"""What is known of a file under a recipe: the outcome of `survey`."""

from __future__ import annotations

from dataclasses import dataclass, field

from lib.datasets.rules.base import Finding
from lib.pricing.tokens import TokenCount
from lib.workbench.traits import Traits


@dataclass(frozen=True)
class BrokenPlace:
    """A line that can't be read, and where in it. Line and column count from 1."""

    line: int
    column: int
    detail: str


@dataclass(frozen=True)
class Report:
    """All figures are of the examples that are left once the accepted fixes are applied."""

    rows: int
    """Rows read, usable or not."""
    examples: int
    dropped: int
    """Examples that the accepted fixes, and rows excluded by hand, took away."""
    columns: list[str]
    broken: list[BrokenPlace] = field(default_factory=list)
    """The first 20 of them."""
    n_broken: int = 0
    skipped: list[Finding] = field(default_factory=list)
    """Rows that give no example, one finding for each reason."""
    findings: list[Finding] = field(default_factory=list)
    """What the rules found, errors first."""
    tokens: TokenCount | None = None
    traits: Traits | None = None
    """What services may refuse, to be held against any target; there if `survey` was given `Traits` to look with."""
    share: float = 1.0
    """Part of the file's bytes that was looked at; below 1 all figures are those of a sample."""
