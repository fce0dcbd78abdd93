"""Rows -> examples in OpenAI's four shapes: prompt and completion, chat, preference, reinforcement.

Deterministic, and each row by itself. Each example keeps the origin of its row; each row that gives none is returned
with the reason. On its own output a recipe changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from lib.datasets.errors import NoUsableColumns, TooFewExamples
from lib.datasets.recipe import CHAT, REINFORCEMENT, Recipe
from lib.datasets.shapes.examples import BUILDERS, talk_record
from lib.datasets.shapes.instances import has_instances, spread
from lib.datasets.shapes.plans import Plan, plan_of
from lib.datasets.shapes.rows import read_row
from lib.datasets.shapes.skips import Skip
from lib.datasets.shapes.templates import check
from lib.datasets.shapes.threads import gathered, has_threads
from lib.datasets.table import Note, Origin, Table

__all__ = ["Conversion", "Example", "Skip", "Skipped", "convert", "converter", "example_of", "require_examples"]

MINIMUM = 10
"""OpenAI refuses training files with fewer examples; so do we, for every backend."""
PLANS_KEPT = 1000
"""Rows of JSON may each have other keys; so many ways are remembered."""


RowConverter: TypeAlias = "Callable[[Mapping[str, Any]], dict[str, Any] | Skip]"

_LATEST: dict[int, tuple[Recipe, RowConverter]] = {}
"""The recipe that `example_of` was last called with, and its converter; replaced as one, so threads can't mix them."""


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
    code: str = ""
    """Names the reason: a key of `lib.datasets.shapes.skips.REASONS`."""


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


def converter(recipe: Recipe, columns: Iterable[str] = ()) -> RowConverter:
    """Return a function that turns rows into examples; what depends on the recipe alone is worked out once.

    `columns` are those that the file is known to have: a row of JSON may leave some of them out. The fields of a row
    may be cells or raw JSON values: null counts as "", a number as its JSON text unless it is copied unchanged.
    """
    known = dict.fromkeys(columns)
    plans: dict[tuple[str, ...], Plan] = {}
    build = BUILDERS[recipe.format]
    chat = recipe.format == CHAT

    def convert_row(fields: Mapping[str, Any]) -> dict[str, Any] | Skip:
        keys = tuple(fields)
        plan = plans.get(keys)
        if plan is None:
            if len(plans) >= PLANS_KEPT:
                plans.clear()
            plan = plans[keys] = plan_of([*(known | dict.fromkeys(keys))], recipe)
        if chat and plan.talk and fields.get(plan.talk).__class__ is list:
            record = talk_record(fields, plan, recipe)
            if record is not None:
                return record
        row = read_row(fields, plan.columns, recipe.joiner)
        if isinstance(row, Skip):
            return row
        if plan.template:
            row.prompt = plan.prompt(fields, recipe)
        return build(row, recipe, plan)

    return convert_row


def example_of(fields: Mapping[str, Any], recipe: Recipe) -> dict[str, Any] | Skip:
    """Turn one row into an example, or say why it gives none. The converter of the latest recipe is kept at hand."""
    latest = _LATEST.get(0)
    if latest is None or latest[0] is not recipe:
        latest = _LATEST[0] = (recipe, converter(recipe))
    return latest[1](fields)


def convert(table: Table, recipe: Recipe) -> Conversion:
    """Turn every row into an example or into a skipped row with its reason.

    Raises `NoUsableColumns` when the roles leave nothing to learn from, and `UnknownColumn` or `BrokenTemplate` for
    a template that does not fit the table.
    """
    require_columns(table, recipe)
    convert_row = converter(recipe, () if has_threads(recipe, table.columns) else table.columns)
    examples: list[Example] = []
    skipped: list[Skipped] = []
    for _number, origin, fields in rows_of(table, recipe):
        made = fields if isinstance(fields, Skip) else convert_row(fields)
        if isinstance(made, Skip):
            skipped.append(Skipped(origin, made.reason, made.code))
        else:
            examples.append(Example(made, origin))
    return Conversion(examples, skipped, table.name)


def rows_of(table: Table, recipe: Recipe) -> Iterable[tuple[int, Origin, Mapping[str, Any] | Skip]]:
    """Return the rows as (number, origin, fields), gathered to conversations or spread where the recipe says so."""
    rows = (
        (number, origin, dict(zip(table.columns, cells, strict=True)))
        for number, (cells, origin) in enumerate(zip(table.rows, table.origins, strict=True))
    )
    if has_threads(recipe, table.columns):
        return gathered(rows, recipe)
    return spread(rows, recipe) if has_instances(recipe, table.columns) else rows


def require_columns(table: Table, recipe: Recipe) -> None:
    """Raise unless the recipe leaves something to learn from in a table, and its template fits."""
    plan = plan_of(table.columns, recipe)
    if not plan.usable and not (recipe.format == REINFORCEMENT and plan.columns):
        raise NoUsableColumns(file=table.name)
    check(plan.template, table.columns, table.name)


def require_examples(conversion: Conversion, minimum: int = MINIMUM) -> None:
    """Raise `TooFewExamples` unless there are at least `minimum` examples."""
    found = len(conversion.examples)
    if found < minimum:
        raise TooFewExamples(file=conversion.name, found=found, minimum=minimum, skipped=len(conversion.skipped))
