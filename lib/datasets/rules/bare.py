"""The texts of an example without what the recipe puts around them."""

from __future__ import annotations

from lib.datasets.recipe import Recipe


def bare_prompt(recipe: Recipe, prompt: str) -> str:
    """Return a prompt without the separator at its end and the system text that the recipe puts before it."""
    if recipe.system_prompt:
        prompt = split_lead(recipe.system_prompt, prompt)[1]
    return prompt.removesuffix(recipe.separator)


def bare_completion(recipe: Recipe, completion: str) -> str:
    """Return a completion without the stop at its end and without the one space before it."""
    return completion.removesuffix(recipe.stop).removeprefix(" ")


def split_lead(system: str, prompt: str) -> tuple[str, str]:
    """Return the system text that begins a prompt, with the blank line after it, and the rest."""
    if system and prompt.startswith(system) and prompt.startswith("\n\n", len(system)):
        return prompt[: len(system) + 2], prompt[len(system) + 2 :]
    return "", prompt


def shown(text: str, most: int = 60) -> str:
    """Return a mark or a beginning as it is named in a sentence: quoted, on one line, cut when it is long."""
    line = text if len(text) <= most else f"{text[: most - 1]}…"
    return '"' + line.replace("\n", "\\n").replace("\t", "\\t") + '"'
