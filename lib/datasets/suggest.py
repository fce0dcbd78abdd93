"""A recipe that fits a table: its roles, its format, and marks that collide with no text in it.

Separator and stop are the first of their lists that appear in no text. A file that already has them keeps them.

A completion gets a leading space when most of them begin with a letter of a script that puts spaces between words:
tokenizers of such languages know " word" better than "word". Chinese and Japanese have no such tokens, so there a
space would only be one token more to learn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain, count

from lib.datasets.convert import convert
from lib.datasets.mapping import Role, guess_roles
from lib.datasets.recipe import CHAT, COMPLETION, Recipe
from lib.datasets.rows import text_of
from lib.datasets.table import Table

SEPARATORS = [" ->", "\n\n###\n\n", "\n\n===\n\n", "\n\n---\n\n", "\n\n===>\n\n", "\n\n--->\n\n"]
STOPS = ["###", " END", "@@@", "%%%", "&&&", "+++", "$$$", " [END]"]
OLD_STOPS = [*STOPS, "\n\n###\n\n", "\n###", "***", "\n", "."]
"""Endings that a file prepared by other tools may have. A full stop counts only if it ends all and is in none."""
SHORT = 20
SPACED_SCRIPTS_END = "\u0590"
"""Latin, Greek, Cyrillic and Armenian letters lie below this one."""


def suggest_recipe(table: Table, roles: Mapping[str, str] | None = None, format: str | None = None) -> Recipe:
    """Propose a recipe for a table: roles and format as given or guessed, and free marks."""
    roles = {column: str(role) for column, role in (roles or guess_roles(table).roles).items()}
    chosen = format or (CHAT if set(roles.values()) & {"messages", "system", "user", "assistant"} else COMPLETION)
    plain = Recipe(roles, COMPLETION, separator="", joiner=suggest_joiner(table, roles))
    examples = convert(table, plain).records
    prompts = [record["prompt"] for record in examples if record["prompt"]]
    completions = [record["completion"] for record in examples]
    separator, stop = marks_in(prompts, completions)
    if chosen == CHAT:
        return replace(plain, format=CHAT, separator=separator, stop=stop if separator else "")
    return replace(
        plain,
        separator=separator or (free_mark(SEPARATORS, prompts) if prompts else ""),
        stop=stop or free_mark(STOPS, completions),
        system_prompt=common_system(table, roles),
        leading_space=wants_space(completions),
    )


def marks_in(prompts: Sequence[str], completions: Sequence[str]) -> tuple[str, str]:
    """Return the separator and the stop that the texts have already; "" for none.

    An ending counts as a stop only in a file that has a separator: all answers may end with a full stop by nature.
    """
    separator = next((mark for mark in SEPARATORS if ends_all(mark, prompts)), "")
    stops = OLD_STOPS if separator else STOPS
    return separator, next((mark for mark in stops if ends_all(mark, completions)), "")


def ends_all(mark: str, texts: Sequence[str]) -> bool:
    """Say whether a mark ends every text and appears nowhere else in any."""
    return bool(texts) and all(text.endswith(mark) and is_free(mark, text.removesuffix(mark)) for text in texts)


def is_free(mark: str, text: str) -> bool:
    """Say whether a mark put after a text is found there first: neither inside nor overlapping its end."""
    return (text + mark).find(mark) == len(text)


def free_mark(candidates: Sequence[str], texts: Sequence[str]) -> str:
    """Return the first candidate that is free in all texts; when none is, a numbered one."""
    numbered = (f"\n\n### {number} ###\n\n" for number in count(1))
    return next(mark for mark in chain(candidates, numbered) if all(is_free(mark, text) for text in texts))


def suggest_joiner(table: Table, roles: Mapping[str, str]) -> str:
    """Return a comma for short plain values, a new line for texts."""
    asked = [table.column(c) for c in table.columns if roles.get(c) in (Role.PROMPT, Role.USER)]
    cells = [text_of(cell) for column in asked for cell in column[:200]]
    plain = all(len(cell) <= SHORT and not set(cell) & set(",，\n") for cell in cells)
    return "," if plain else "\n"


def common_system(table: Table, roles: Mapping[str, str]) -> str:
    """Return the system text that all conversations share; "" when they differ or have none."""
    found: set[str] = set()
    for record in convert(table, Recipe(dict(roles), CHAT)).records:
        first = record["messages"][0]
        found.add(str(first.get("content")) if first.get("role") in ("system", "developer") else "")
    return found.pop() if len(found) == 1 else ""


def wants_space(completions: Sequence[str]) -> bool:
    """Say whether most completions begin with a letter or digit of a script that puts spaces between words."""
    starts = [text[:1] for text in completions]
    return sum(start.isalnum() and start < SPACED_SCRIPTS_END for start in starts) * 2 > len(starts)
