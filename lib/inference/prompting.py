"""A question -> exactly what the model saw in training. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypedDict

from lib.datasets.recipe import Recipe


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
    """Apply a recipe to a question, or to the turns of a talk."""
    raise NotImplementedError
