"""What a validation file asks, so that a survey of the training file can find the same questions there."""

from __future__ import annotations

from lib.datasets.corrections import Corrections
from lib.datasets.recipe import Recipe
from lib.datasets.rules.base import view_of
from lib.datasets.rules.duplicates import asked
from lib.datasets.source import Source, chunks
from lib.workbench.examples import Plan, Tally, examples_of


def asked_by(source: Source, recipe: Recipe, corrections: Corrections | None = None) -> frozenset[int]:
    """Return hashes of all questions of a file under a recipe; pass them to `survey` as `validation`.

    Fixes that compare examples are not applied: a question that stands twice is the same question.
    """
    plan = Plan(recipe, corrections or Corrections())
    examples = (example for chunk in chunks(source) for example in examples_of(chunk, plan, Tally()))
    return frozenset(asked(view_of(*example)) for example in examples)
