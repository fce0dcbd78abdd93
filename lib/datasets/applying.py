"""The accepted fixes of a recipe, run over one record. Apart from `fixes`, because the rules import that one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lib.datasets.fixes import SET_FIELD
from lib.datasets.recipe import Fix
from lib.datasets.rules.all_rules import CHANGES, COMPARING


class UnknownFix(LookupError):
    """A recipe names a fix that this version does not have; running without it would give other examples."""


def apply_fixes(record: Mapping[str, Any], fixes: Sequence[Fix]) -> dict[str, Any] | None:
    """Return the record as the fixes leave it, in their order; None when one of them drops it.

    `set_field` has changed the recipe already, and what a comparing rule drops is only known once all rows were seen:
    both are passed over here. Raises `UnknownFix`.
    """
    changed = dict(record)
    for fix in fixes:
        code = fix["code"]
        if code == SET_FIELD or code in COMPARING:
            continue
        change = CHANGES.get(code)
        if change is None:
            raise UnknownFix(code)
        left = change(changed, fix["settings"])
        if left is None:
            return None
        changed = left
    return changed
