"""Rows -> examples, in OpenAI's two shapes: `prompt`/`completion` and chat `messages`.

Deterministic. Each example keeps the origin of its row; each row that gives none is returned with the reason. On its
own output, with the same marks, a recipe changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lib.datasets.errors import TooFewExamples
from lib.datasets.recipe import Recipe
from lib.datasets.table import Note, Origin, Table

MINIMUM = 10
"""OpenAI refuses training files with fewer examples; so do we, for every backend."""


@dataclass(frozen=True)
class Example:
    """One training example exactly as it is written to the file."""

    record: dict[str, Any]
    origin: Origin


@dataclass(frozen=True)
class Skipped:
    """A row that gave no example, and why."""

    origin: Origin
    reason: Note


@dataclass(frozen=True)
class Conversion:
    """All examples of a table, in order, and all rows left out."""

    examples: list[Example]
    skipped: list[Skipped]
    name: str = ""

    @property
    def records(self) -> list[dict[str, Any]]:
        """The records alone, ready for `jsonl.write`."""
        return [example.record for example in self.examples]


def convert(table: Table, recipe: Recipe) -> Conversion:
    """Turn every row into an example or into a skipped row with its reason."""
    raise NotImplementedError


def require_examples(conversion: Conversion, minimum: int = MINIMUM) -> None:
    """Raise `TooFewExamples` unless there are at least `minimum` examples."""
    found = len(conversion.examples)
    if found < minimum:
        raise TooFewExamples(file=conversion.name, found=found, minimum=minimum, skipped=len(conversion.skipped))
