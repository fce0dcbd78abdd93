"""What a fix does to rows of this very file: the examples they give without it, and with it."""

from __future__ import annotations

from dataclasses import dataclass

from lib.datasets.applying import apply_fixes
from lib.datasets.corrections import Corrections
from lib.datasets.fixes import accept
from lib.datasets.recipe import Recipe
from lib.datasets.rules.all_rules import COMPARING
from lib.datasets.rules.base import Finding, Record
from lib.datasets.shapes.convert import Skip, example_of
from lib.datasets.source import SourceRow
from lib.ui.data import lookup
from lib.ui.data.colours import change
from lib.ui.data.parts import parts
from lib.ui.data.work import Work

PAIRS = 3


@dataclass(frozen=True)
class Pair:
    """One row without and with a fix."""

    line: int
    whole: str
    """Its text before, as one string."""
    changes: list[tuple[str, str, str]]
    """Label, and both texts as Markdown, of each part that changes."""
    left_out: bool
    gained: str = ""
    """The text of an example that the row gives only with the fix."""


def pairs(work: Work, finding: Finding) -> list[Pair]:
    """Return the first rows that something was found in, without and with its fix; of the file, if it is about all."""
    if finding.fix is None:
        return []
    rows = lookup.rows_at(work.source, work.read_as, list(finding.found.rows[:PAIRS]) or list(range(PAIRS)))
    after = accept(work.recipe, finding.fix)
    drops = finding.fix["code"] in COMPARING
    return [_pair(row, work.recipe, after, work.corrections, drops=drops) for row in rows]


def example(row: SourceRow, recipe: Recipe, corrections: Corrections) -> Record | Skip | None:
    """Return the example a row gives; the reason if it gives none; None if it is left out by hand or by a fix.

    Fixes that compare examples with each other are not looked at: they need the whole file.
    """
    fields = corrections.apply(row.row, row.fields)
    if fields is None:
        return None
    made = example_of(fields, recipe)
    return made if isinstance(made, Skip) else apply_fixes(made, recipe.fixes)


def compare(before: Record, after: Record) -> list[tuple[str, str, str]]:
    """Return label and both texts, as Markdown, of each part in which two records differ."""
    old, new = parts(before), parts(after)
    if [part.label for part in old] != [part.label for part in new]:
        whole = ["\n".join(f"{part.label}: {part.text}" for part in side) for side in (old, new)]
        return [("", *change(whole[0], whole[1]))]
    return [(a.label, *change(a.text, b.text)) for a, b in zip(old, new, strict=True) if a.text != b.text]


def _pair(row: SourceRow, before: Recipe, after: Recipe, corrections: Corrections, *, drops: bool) -> Pair:
    was = example(row, before, corrections)
    becomes = None if drops else example(row, after, corrections)
    return Pair(
        row.origin.line,
        whole(was) or "\n".join(map(str, row.fields.values())),
        compare(was, becomes) if isinstance(was, dict) and isinstance(becomes, dict) else [],
        left_out=not isinstance(becomes, dict),
        gained="" if isinstance(was, dict) else whole(becomes),
    )


def whole(made: Record | Skip | None) -> str:
    """Return all texts of an example as one; "" where there is none."""
    return "\n".join(part.text for part in parts(made)) if isinstance(made, dict) else ""
