"""Rows -> examples, in OpenAI's two shapes: `prompt`/`completion` and chat `messages`.

Deterministic. Each example keeps the origin of its row; each row that gives none is returned with the reason. On its
own output a recipe changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lib.datasets.errors import NoUsableColumns, TooFewExamples
from lib.datasets.mapping import Role, guess_roles
from lib.datasets.recipe import CHAT, Recipe
from lib.datasets.rows import Row, read_row
from lib.datasets.table import Note, Origin, Table
from lib.datasets.turns import problem_of, single_turn
from lib.i18n import N_

MINIMUM = 10
"""OpenAI refuses training files with fewer examples; so do we, for every backend."""


@dataclass(frozen=True)
class Example:
    """One training example exactly as it is written to the file."""

    record: dict[str, Any]
    origin: Origin


@dataclass(frozen=True)
class Skipped:
    """A row that gave no example, and why."""

    origin: Origin
    reason: Note


@dataclass(frozen=True)
class Conversion:
    """All examples of a table, in order, and all rows left out."""

    examples: list[Example]
    skipped: list[Skipped]
    name: str = ""

    @property
    def records(self) -> list[dict[str, Any]]:
        """The records alone, ready for `jsonl.write`."""
        return [example.record for example in self.examples]


EMPTY_COMPLETION = N_("The completion is empty: there is nothing to learn.")
EMPTY_PROMPT = N_("The prompt is empty.")
NOT_MESSAGES = N_("The column {column} holds no list of messages here.")
MANY_TURNS = N_("The conversation is more than one question with one answer in text; only chat format can hold it.")


def convert(table: Table, recipe: Recipe) -> Conversion:
    """Turn every row into an example or into a skipped row with its reason."""
    roles = roles_for(table, recipe)
    if not set(roles.values()) & {Role.COMPLETION, Role.ASSISTANT, Role.MESSAGES}:
        raise NoUsableColumns(file=table.name)
    build = chat_record if recipe.format == CHAT else completion_record
    rows = [read_row(table.columns, cells, roles, recipe.joiner) for cells in table.rows]
    asks = any(row.prompt.strip() or row.messages for row in rows)
    examples: list[Example] = []
    skipped: list[Skipped] = []
    for row, origin in zip(rows, table.origins, strict=True):
        made = Note(NOT_MESSAGES, {"column": row.unreadable}) if row.unreadable else build(row, recipe, asks=asks)
        if isinstance(made, Note):
            skipped.append(Skipped(origin, made))
        else:
            examples.append(Example(made, origin))
    return Conversion(examples, skipped, table.name)


def roles_for(table: Table, recipe: Recipe) -> Mapping[str, str]:
    """Return the recipe's roles; for a file already in one of the two shapes, those of that shape."""
    known = {column: role for column, role in recipe.roles.items() if column in table.columns}
    return known or (guess_roles(table).roles if table.shape != "flat" else {})


def completion_record(row: Row, recipe: Recipe, *, asks: bool) -> dict[str, Any] | Note:
    """Build {"prompt", "completion"}. Prompts may be empty only if all of them are: then there is nothing to ask."""
    prompt, completion, system = row.prompt, row.completion, row.system
    if row.messages:
        turn = single_turn(row.messages)
        if turn is None or prompt or completion:
            return Note(MANY_TURNS)
        system, prompt, completion = turn.system or system, turn.prompt, turn.completion
    if not recipe.bare_completion(completion).strip():
        return Note(EMPTY_COMPLETION)
    if asks and not prompt.strip():
        return Note(EMPTY_PROMPT)
    return {"prompt": recipe.prompt(prompt, system), "completion": recipe.completion(completion)}


def chat_record(row: Row, recipe: Recipe, *, asks: bool) -> dict[str, Any] | Note:
    """Build {"messages", ...}: system text, the conversation so far, the question, the answer."""
    has_system = bool(row.messages) and row.messages[0].get("role") in ("system", "developer")
    opening = recipe.messages(row.prompt, row.system)
    if row.completion and not row.prompt.strip() and not row.messages and asks:
        return Note(EMPTY_PROMPT)
    lead = [message for message in opening[:-1] if not has_system]
    question = opening[-1:] if row.prompt.strip() else []
    answer = [{"role": "assistant", "content": recipe.bare_completion(row.completion)}] if row.completion else []
    messages = [*lead, *row.messages, *question, *row.answers, *answer]
    return problem_of(messages) or {"messages": messages, **row.kept}


def require_examples(conversion: Conversion, minimum: int = MINIMUM) -> None:
    """Raise `TooFewExamples` unless there are at least `minimum` examples."""
    found = len(conversion.examples)
    if found < minimum:
        raise TooFewExamples(file=conversion.name, found=found, minimum=minimum, skipped=len(conversion.skipped))
