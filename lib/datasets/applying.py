"""The accepted fixes of a recipe, run over one record. Apart from `fixes`, because the rules import that one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lib.datasets.fixes import SET_FIELD, Change
from lib.datasets.recipe import Fix
from lib.datasets.rules.all_rules import CHANGES, COMPARING


class UnknownFix(LookupError):
    """A recipe names a fix that this version does not have; running without it would give other examples."""


ROUNDS = 10
"""Times the fixes are run at most; two or three do, for each takes something away."""


def apply_fixes(record: Mapping[str, Any], fixes: Sequence[Fix]) -> dict[str, Any] | None:
    """Return the record as the fixes leave it, in their order; None when one of them drops it.

    They are run until none changes anything: a later one may give an earlier one something to do (an empty message
    taken out makes neighbours of two that are to be joined), and a recipe must change nothing in its own output.

    `set_field` has changed the recipe already, and what a comparing rule drops is only known once all rows were seen:
    both are passed over here. Raises `UnknownFix`.
    """
    steps = [(change_of(fix), fix["settings"]) for fix in fixes if not passed_over(fix)]
    changed = dict(record)
    for _round in range(ROUNDS):
        before = changed
        for change, settings in steps:
            left = change(changed, settings)
            if left is None:
                return None
            changed = left
        if len(steps) == 1 or changed == before:
            break
    return changed


def passed_over(fix: Fix) -> bool:
    return fix["code"] == SET_FIELD or fix["code"] in COMPARING


def change_of(fix: Fix) -> Change:
    change = CHANGES.get(fix["code"])
    if change is None:
        raise UnknownFix(fix["code"])
    return change
