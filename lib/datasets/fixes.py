"""Accepting and undoing fixes. The accepted ones, in their order, are part of the recipe.

There are three kinds, told apart by their code:
`set_field`          changes a field of the recipe (`field`, `value`) and remembers what it was (`before`);
a rule's own code    drops what that comparing rule calls surplus (`lib.datasets.rules.all_rules.COMPARING`);
any other            changes or drops one record by itself (`CHANGES`), and must change nothing the second time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeAlias

from lib.datasets.recipe import Fix, Recipe

SET_FIELD = "set_field"

Change: TypeAlias = "Callable[[dict[str, Any], Mapping[str, Any]], dict[str, Any] | None]"
"""(record, settings of the fix) -> the record as it should be, or None to drop it. Never changes the one given."""


def set_field(recipe: Recipe, field: str, value: Any) -> Fix:
    """Return the fix that gives a field of this recipe a new value."""
    return {"code": SET_FIELD, "settings": {"field": field, "value": value, "before": getattr(recipe, field)}}


def accept(recipe: Recipe, fix: Fix) -> Recipe:
    """Return the recipe with one more fix at its end; one it has already is not taken twice."""
    if fix in recipe.fixes:
        return recipe
    settings = fix["settings"]
    changed = {settings["field"]: settings["value"]} if fix["code"] == SET_FIELD else {}
    return replace(recipe, fixes=[*recipe.fixes, fix], **changed)


def undo(recipe: Recipe, fix: Fix) -> Recipe:
    """Return the recipe without a fix; a field it set gets back what it held before.

    Where a later fix has set the same field again, that one stays in force, and remembers what this one did.
    """
    if fix not in recipe.fixes:
        return recipe
    at = recipe.fixes.index(fix)
    earlier, later = recipe.fixes[:at], recipe.fixes[at + 1 :]
    if fix["code"] != SET_FIELD:
        return replace(recipe, fixes=earlier + later)
    field, before = fix["settings"]["field"], fix["settings"]["before"]
    over = next((n for n, other in enumerate(later) if sets(other, field)), None)
    if over is None:
        return replace(recipe, fixes=earlier + later, **{field: before})
    heir: Fix = {"code": SET_FIELD, "settings": {**later[over]["settings"], "before": before}}
    return replace(recipe, fixes=[*earlier, *later[:over], heir, *later[over + 1 :]])


def sets(fix: Fix, field: str) -> bool:
    """Say whether a fix sets a field."""
    return fix["code"] == SET_FIELD and fix["settings"]["field"] == field
