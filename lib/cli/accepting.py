"""Which fixes are accepted: all that are offered, only what is necessary, or what somebody says yes to."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from dataclasses import replace

from lib.cli.looking import look
from lib.cli.reading import Opened
from lib.datasets.fixes import accept
from lib.datasets.recipe import Fix, Recipe
from lib.datasets.rules.base import Finding
from lib.pricing.tokens import TokenModel
from lib.workbench.report import Report

ROUNDS = 10
"""Looks at a file at most: a fix may bring to light what another one is for."""

Choose = Callable[[Opened, Recipe, Finding], bool]
"""(file, recipe so far, what was found) -> whether its fix is accepted."""


def every(_file: Opened, _recipe: Recipe, finding: Finding) -> bool:
    """Accept every fix for an error or warning; hints are a matter of taste."""
    return finding.severity != "hint"


def necessary(_file: Opened, _recipe: Recipe, finding: Finding) -> bool:
    """Accept only what keeps examples from being trained on."""
    return finding.severity == "error"


def none(_file: Opened, _recipe: Recipe, _finding: Finding) -> bool:
    """Accept nothing more than the recipe holds."""
    return False


def settle(
    file: Opened, chosen: Namespace, choose: Choose, model: TokenModel | None, limit: int | None
) -> tuple[Opened, Report, list[Finding]]:
    """Look, accept, and look again until no fix is left to decide on.

    Returns:
        The file with the final recipe, the report under it, and what the accepted fixes were for.
    """
    decided: list[Fix] = []
    accepted: list[Finding] = []
    report = look(file, chosen, model=model, limit=limit)
    for _round in range(ROUNDS):
        recipe = file.recipe
        for finding in [*report.skipped, *report.findings]:
            if finding.fix is None or finding.fix in decided or finding.fix in recipe.fixes:
                continue
            decided.append(finding.fix)
            if choose(file, recipe, finding):
                recipe = accept(recipe, finding.fix)
                accepted.append(finding)
        if recipe == file.recipe:
            break
        file = replace(file, recipe=recipe)
        report = look(file, chosen, model=model, limit=limit)
    return file, report, accepted
