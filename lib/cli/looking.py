"""A survey of an open file, with the tokens of a target and the leaks into a validation file."""

from __future__ import annotations

from argparse import Namespace

from lib.cli.reading import Opened, read
from lib.cli.say import progress
from lib.datasets.recipe import Recipe
from lib.i18n import _
from lib.pricing.tokens import CHARACTERS, TokenModel, token_model
from lib.workbench.leaks import asked_by
from lib.workbench.report import Report
from lib.workbench.survey import survey
from lib.workbench.targets import Target
from lib.workbench.traits import Traits

COUNTED_WITH = "openai:gpt-4.1-mini-2025-04-14"
"""Whose tokens are counted when nobody says; all OpenAI models that can still be trained split text alike."""


def look(
    opened: Opened,
    chosen: Namespace,
    *,
    model: TokenModel | None = None,
    limit: int | None = None,
    recipe: Recipe | None = None,
) -> Report:
    """Survey a file, with a bar on a terminal."""
    recipe = recipe or opened.recipe
    validation: frozenset[int] = frozenset()
    if chosen.validation:
        validation = asked_by(read(chosen.validation, chosen, opened.work), recipe)
    with progress(_("Looking at the examples")) as show:
        return survey(
            opened.source,
            recipe,
            model=model,
            limit=limit,
            validation=validation,
            extra=(Traits,),
            progress=show,
        )


def counted_for(target: Target) -> TokenModel:
    """Return how tokens are counted for a target: by its own tokenizer, or by that of `COUNTED_WITH`."""
    if target.details.get("tokenizer") == CHARACTERS:
        return token_model(target.name, "engine", CHARACTERS)
    if target.details.get("path"):
        return token_model(target.name, "engine", target.details["path"])
    if target.priced:
        return token_model(target.priced.id)
    return token_model(COUNTED_WITH)
