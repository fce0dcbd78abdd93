"""Which role each column of a row has under a recipe, for rows with the same columns.

A recipe may meet a file that is already what it makes: its own output, or a validation file that somebody prepared.
Such a file is known by its columns, and gets the roles of its shape.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lib.datasets.recipe import CHAT, COMPLETION, PREFERENCE, REINFORCEMENT, Recipe
from lib.datasets.shapes.mapping import KEPT, Role
from lib.datasets.shapes.templates import fits, names, render

BESIDE = {Role.IGNORE, Role.KEEP, Role.REFERENCE, Role.THREAD, Role.ORDER, Role.SPEAKER}
"""Roles that make no text of an example."""
ASK = {Role.PROMPT, Role.USER, Role.MESSAGES, Role.INSTANCES, Role.LINE}
ANSWER = {Role.COMPLETION, Role.ASSISTANT, Role.MESSAGES, Role.PREFERRED, Role.INSTANCES, Role.LINE}
PAIR = {"prompt": Role.PROMPT, "completion": Role.COMPLETION}
MEANT = {*PAIR.items(), ("prompt", Role.USER), ("completion", Role.ASSISTANT)}
SIDES = (
    {"input": Role.MESSAGES, "preferred_output": Role.PREFERRED, "non_preferred_output": Role.REJECTED},
    {"prompt": Role.MESSAGES, "chosen": Role.PREFERRED, "rejected": Role.REJECTED},
    {"messages": Role.MESSAGES, "chosen": Role.PREFERRED, "rejected": Role.REJECTED},
)
"""The spellings of a preference that `lib.workbench.export` writes: OpenAI's, TRL's, Alibaba Model Studio's."""
REFERENCE = "reference_answer"
"""The column that an answer moves to when a pair becomes a row for reinforcement."""


@dataclass(frozen=True)
class Plan:
    """What to read from a row."""

    columns: tuple[tuple[str, str], ...]
    """Columns that have a role, each with it, in the order of the row."""
    template: str
    own: bool
    """The row is in the shape that the recipe makes, and not in the one its roles speak of."""
    open_ended: bool
    has_system: bool
    """A prompt that is dressed already may begin with a system text of its own."""
    talk: str
    """The one column to read when the row holds messages and nothing else but what is kept; "" otherwise."""

    def prompt(self, fields: Mapping[str, Any], recipe: Recipe) -> str:
        """Return the prompt that the template makes of a row; one that it made before stays as it is."""
        made = fields.get("prompt")
        if fields.keys() == PAIR.keys() and isinstance(made, str):
            bare = made.removesuffix(recipe.separator)
            if recipe.format == COMPLETION and fits(self.template, bare):
                return bare
        return render(self.template, fields)

    @property
    def usable(self) -> bool:
        """Say whether there is anything to learn from."""
        return bool(ANSWER & {role for _column, role in self.columns})


def plan_of(columns: Sequence[str], recipe: Recipe) -> Plan:
    """Return the plan for rows with these columns. Columns of one role keep the order that the recipe has."""
    roles, own = roles_of(columns, recipe)
    given = set(roles.values())
    template = "" if own else recipe.prompt_template
    asks = bool(recipe.prompt_template or ASK & set(recipe.roles.values() or given))
    talks = [column for column, role in roles.items() if role == Role.MESSAGES]
    alone = len(talks) == 1 and given <= {Role.MESSAGES, Role.KEEP} and not template
    return Plan(
        tuple(roles.items()),
        template,
        own,
        recipe.open_ended or not asks,
        bool({Role.SYSTEM, Role.MESSAGES} & set(recipe.roles.values())),
        talks[0] if alone else "",
    )


def roles_of(columns: Sequence[str], recipe: Recipe) -> tuple[Mapping[str, str], bool]:
    """Return the columns that have a role, each with it, and whether the row is in the recipe's own shape."""
    named = {
        column: role
        for column, role in recipe.roles.items()
        if column in columns
        and role != Role.IGNORE
        and not (column == "messages" and role in (Role.KEEP, Role.REFERENCE))
    }
    needed = {column for column, role in recipe.roles.items() if role not in BESIDE}
    needed |= set(names(recipe.prompt_template))
    spoken = [column for column, role in named.items() if role not in BESIDE]
    if not spoken or not needed <= set(columns) or is_new_pair(columns, recipe):
        own = shape_roles(columns, recipe)
        if own:
            return own, True
    if not spoken and not recipe.prompt_template:
        shapes = (shape_roles(columns, recipe, format) for format in (COMPLETION, PREFERENCE, CHAT))
        return next((roles for roles in shapes if roles), {}), False
    strangers = [column for column in columns if column not in recipe.roles]
    if recipe.format != COMPLETION:
        named |= {column: Role.KEEP for column in strangers if column in KEPT}
    if recipe.format == REINFORCEMENT and REFERENCE in strangers:
        named[REFERENCE] = Role.REFERENCE
    return named, False


def is_new_pair(columns: Sequence[str], recipe: Recipe) -> bool:
    """Say whether prompt and completion can't be columns that the recipe speaks of.

    It knows but one of the two, and that one as something else: a text was in `prompt`, say, before there were both.
    """
    told = [(column, role) for column, role in recipe.roles.items() if column in PAIR and role != Role.IGNORE]
    return set(columns) == PAIR.keys() and len(told) == 1 and told[0] not in MEANT


def shape_roles(columns: Sequence[str], recipe: Recipe, format: str = "") -> Mapping[str, str]:
    """Return the roles of columns that stand in the shape of the recipe's format, or of another; none otherwise."""
    kind = format or recipe.format
    if kind == COMPLETION:
        return PAIR if set(columns) == PAIR.keys() else {}
    if kind == PREFERENCE:
        kept = [column for column in columns if column in KEPT]
        spelled = next((sides for sides in SIDES if {*sides, *kept} == set(columns)), {})
        return {**spelled, **dict.fromkeys(kept, Role.KEEP)} if spelled else {}
    if "messages" not in columns or (kind == REINFORCEMENT and recipe.roles.get("messages") == Role.MESSAGES):
        return {}
    others = [column for column in columns if column != "messages"]
    if kind == REINFORCEMENT:
        return {"messages": Role.MESSAGES} | {c: Role.KEEP if c in KEPT else Role.REFERENCE for c in others}
    kept = [column for column in others if column in KEPT or recipe.roles.get(column) == Role.KEEP]
    return {} if kept != others and not format else {"messages": Role.MESSAGES} | dict.fromkeys(kept, Role.KEEP)
