"""Whether the examples of a file stand in it just as they are read here.

Reading is generous: a role `Human` is the user's, messages may be JSON in a text, and a question with an answer makes
a conversation where the others are chat. A service that is sent the file as it stands is not.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from lib.datasets.jsonl import BrokenLine
from lib.datasets.recipe import PREFERENCE, Recipe
from lib.datasets.rules.base import LINES_NAMED, Found
from lib.datasets.shapes.convert import example_of
from lib.datasets.shapes.skips import Skip
from lib.datasets.source import Chunk, Source, chunks, read_chunk
from lib.datasets.table import Cell
from lib.workbench.export import PREFERENCES
from lib.workbench.processes import default_workers, in_order
from lib.workbench.targets import Target


@dataclass(frozen=True)
class Compare:
    """Compare one piece of a file. A callable that can go to other processes."""

    recipe: Recipe
    spelling: str
    """How a preference is spelled: a key of `lib.workbench.export.PREFERENCES`."""

    def __call__(self, chunk: Chunk) -> Found:
        """Return the rows that give an example other than what stands in them."""
        found = Found()
        respell = PREFERENCES[self.spelling]
        for row in read_chunk(chunk):
            if isinstance(row, BrokenLine):
                continue
            made = example_of(row.fields, self.recipe)
            if isinstance(made, Skip):
                continue
            record = respell(made) if self.recipe.format == PREFERENCE else made
            if not all(same(row.fields.get(key), value) for key, value in record.items()):
                found.rows.append(row.row)
                if len(found.lines) < LINES_NAMED:
                    found.lines.append(row.origin.line)
        return found


def same(cell: Cell | None, value: Any) -> bool:
    """Say whether a cell holds a value of an example; numbers and truth values are cells of text."""
    plain = value is None or isinstance(value, bool | int | float)
    return bool(cell == value) or (plain and cell == json.dumps(value))


def read_otherwise(source: Source, recipe: Recipe, target: Target) -> Found:
    """Return the rows of a file of JSON Lines that do not stand in it as the recipe, which adds nothing, reads them."""
    compare = Compare(recipe, target.limits.get("preference", "output"))
    found = Found()
    for part in in_order(compare, chunks(source), workers=default_workers(), stop=lambda: False):
        found.merge(part)
    return found
