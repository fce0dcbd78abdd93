"""A piece of a file -> its examples as a recipe and corrections make them, with a tally of what became of each row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from lib.datasets.applying import apply_fixes
from lib.datasets.corrections import Corrections
from lib.datasets.jsonl import BrokenLine
from lib.datasets.recipe import Fix, Recipe
from lib.datasets.rules.base import LINES_NAMED, Found
from lib.datasets.shapes.convert import Skip, example_of
from lib.datasets.source import Chunk, SourceRow, read_chunk
from lib.datasets.table import Note, Origin
from lib.workbench.report import BrokenPlace

Example: TypeAlias = tuple[int, Origin, dict[str, Any]]
"""Number of its row, where the row came from, and the record as it is written."""


@dataclass(frozen=True)
class Plan:
    """How rows become examples. Plain data, so that it can go to other processes."""

    recipe: Recipe
    corrections: Corrections
    dropped: frozenset[int] = frozenset()
    """Rows that the comparing fixes of the recipe drop; they are only known once all rows were compared."""
    n_fixes: int | None = None
    """How many of the fixes, from the first on, to apply; None for all."""

    @property
    def fixes(self) -> list[Fix]:
        """The fixes to apply, in order."""
        return self.recipe.fixes[: self.n_fixes]

    def without(self, rows: set[int]) -> Plan:
        """Return the plan with more rows dropped."""
        return replace(self, dropped=self.dropped | rows)


@dataclass
class Skipped:
    """Rows that give no example for one reason: the reason of the first, and the numbers and lines of all."""

    reason: Note
    found: Found


@dataclass
class Tally:
    """What became of the rows of one piece, or of those merged so far."""

    rows: int = 0
    examples: int = 0
    dropped: int = 0
    columns: dict[str, None] = field(default_factory=dict)
    broken: list[BrokenPlace] = field(default_factory=list)
    n_broken: int = 0
    skipped: dict[str, Skipped] = field(default_factory=dict)

    def merge(self, other: Tally) -> None:
        """Add the tally of the piece that follows."""
        self.rows += other.rows
        self.examples += other.examples
        self.dropped += other.dropped
        self.columns |= other.columns
        self.broken = (self.broken + other.broken)[:LINES_NAMED]
        self.n_broken += other.n_broken
        for code, found in other.skipped.items():
            if code in self.skipped:
                self.skipped[code].found.merge(found.found)
            else:
                self.skipped[code] = found

    def breaks(self, place: BrokenLine) -> None:
        """Note a line that can't be read."""
        self.n_broken += 1
        if len(self.broken) < LINES_NAMED:
            self.broken.append(BrokenPlace(place.line, place.column, place.detail))

    def skips(self, skip: Skip, row: SourceRow) -> None:
        """Note a row that gives no example."""
        found = self.skipped.setdefault(skip.code, Skipped(skip.reason, Found())).found
        found.rows.append(row.row)
        if len(found.lines) < LINES_NAMED:
            found.lines.append(row.origin.line)


def examples_of(chunk: Chunk, plan: Plan, tally: Tally) -> Iterator[Example]:
    """Yield the examples of a piece in order, and tell the tally what became of every row."""
    recipe, fixes, dropped = plan.recipe, plan.fixes, plan.dropped
    corrections = plan.corrections if plan.corrections else None
    known: set[tuple[str, ...]] = set()
    for row in read_chunk(chunk):
        if isinstance(row, BrokenLine):
            tally.breaks(row)
            continue
        tally.rows += 1
        fields = row.fields
        if (columns := tuple(fields)) not in known:
            known.add(columns)
            tally.columns |= dict.fromkeys(columns)
        if row.row in dropped:
            tally.dropped += 1
            continue
        if corrections:
            corrected = corrections.apply(row.row, fields)
            if corrected is None:
                tally.dropped += 1
                continue
            fields = corrected
        made = example_of(fields, recipe)
        if isinstance(made, Skip):
            tally.skips(made, row)
            continue
        record = apply_fixes(made, fixes) if fixes else made
        if record is None:
            tally.dropped += 1
            continue
        tally.examples += 1
        yield row.row, row.origin, record
