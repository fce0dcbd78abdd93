"""Self-Instruct: a row whose instruction has several instances -> a row for each of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from lib.datasets.recipe import Recipe
from lib.datasets.shapes.conversations import parsed
from lib.datasets.shapes.names import Role
from lib.datasets.table import Origin


def has_instances(recipe: Recipe, columns: Collection[str]) -> bool:
    """Say whether rows with these columns may hold several examples."""
    return any(role == Role.INSTANCES and column in columns for column, role in recipe.roles.items())


def spread(
    rows: Iterable[tuple[int, Origin, Mapping[str, Any]]], recipe: Recipe
) -> Iterator[tuple[int, Origin, dict[str, Any]]]:
    """Yield the rows (number, origin, fields), and in place of one with several instances a row for each."""
    column = next(column for column, role in recipe.roles.items() if role == Role.INSTANCES)
    for number, origin, fields in rows:
        cell = fields.get(column)
        value = parsed(cell) if isinstance(cell, str) else cell
        if not isinstance(value, list) or len(value) < 2:
            yield number, origin, dict(fields)
            continue
        for instance in value:
            yield number, origin, {**fields, column: [instance]}
