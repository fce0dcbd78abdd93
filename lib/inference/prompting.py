"""A question -> exactly what the model saw in training. Pure; the dressing itself is the recipe's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypedDict

from lib.datasets.recipe import COMPLETION, Recipe


class Turn(TypedDict):
    """One message of a chat."""

    role: str
    content: str


@dataclass(frozen=True)
class Prepared:
    """What is sent: `prompt` for a completion, `messages` for a chat."""

    kind: Literal["completion", "chat"]
    prompt: str = ""
    messages: tuple[Turn, ...] = ()
    stop: tuple[str, ...] = ()


def prepare(recipe: Recipe, question: str | list[Turn]) -> Prepared:
    """Apply a recipe to a question, or to the turns of a talk.

    A model of completions knows no talk: it is asked the last question alone. All other formats train chat models.
    """
    turns = [Turn(role="user", content=question)] if isinstance(question, str) else question
    if recipe.format != COMPLETION:
        return Prepared("chat", messages=tuple(_with_system(recipe, turns)))
    asked = next((turn["content"] for turn in reversed(turns) if turn["role"] == "user"), "")
    return Prepared("completion", prompt=recipe.prompt(asked), stop=(recipe.stop,) if recipe.stop else ())


def _with_system(recipe: Recipe, turns: list[Turn]) -> list[Turn]:
    if recipe.system_prompt and not any(turn["role"] == "system" for turn in turns):
        return [Turn(role="system", content=recipe.system_prompt), *turns]
    return turns
