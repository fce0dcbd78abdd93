"""A recipe that fits a table."""

from __future__ import annotations

from collections.abc import Mapping

from lib.datasets.recipe import Recipe
from lib.datasets.table import Table


def suggest_recipe(table: Table, roles: Mapping[str, str] | None = None, format: str | None = None) -> Recipe:
    """Propose a recipe for a table: roles as given or guessed, and marks that collide with no text in it."""
    raise NotImplementedError
