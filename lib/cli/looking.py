"""A survey of an open file, with the tokens of a target and the leaks into a validation file."""

from __future__ import annotations

from argparse import Namespace

from lib.cli.reading import Opened, validation_of
from lib.cli.say import progress
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
) -> Report:
    """Survey a file, with a bar on a terminal."""
    validation = asked_in_validation(opened, chosen)
    with progress(_("Looking at the examples")) as show:
        return survey(
            opened.source,
            opened.recipe,
            model=model,
            limit=limit,
            validation=validation,
            extra=(Traits,),
            progress=show,
        )


def asked_in_validation(opened: Opened, chosen: Namespace) -> frozenset[int]:
    """Return what the validation file asks, if there is one."""
    validation = validation_of(opened, chosen)
    return asked_by(validation.source, validation.recipe) if validation else frozenset()


def counted_for(target: Target) -> TokenModel:
    """Return how tokens are counted for a target: by its own tokenizer, or by that of `COUNTED_WITH`."""
    if target.details.get("tokenizer") == CHARACTERS:
        return token_model(target.name, "engine", CHARACTERS)
    if target.details.get("path"):
        return token_model(target.name, "engine", target.details["path"])
    known = (model.name for model in (target.priced, target.like) if model and model.encoding)
    return token_model(next(known, COUNTED_WITH))
