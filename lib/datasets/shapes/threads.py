"""Rows that are lines of conversations -> one row for each conversation.

A thread column names the conversation of a line, an order column its place, and a speaker column who says it; or a
row holds what the user asks and what the assistant answers. A conversation stands where its first line stands. One
that can't be put together without guessing is left out with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, TypeAlias

from lib.datasets.recipe import Recipe
from lib.datasets.shapes.conversations import Message
from lib.datasets.shapes.names import Role
from lib.datasets.shapes.rows import kept_value
from lib.datasets.shapes.skips import Skip, skip
from lib.datasets.shapes.speakers import role_of
from lib.datasets.shapes.templates import text_of
from lib.datasets.table import Cell, Note, Origin, Table
from lib.i18n import N_

MESSAGES = "messages"
NUMBER = re.compile(r"[-+]?\d+(\.\d+)?")
DAY = r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?"
TIME = r"(\d{1,2}):(\d{2})(?::(\d{2}(?:\.\d+)?))?"
DATE = re.compile(rf"(?:{DAY}(?:[ T]+{TIME}Z?)?|{TIME})")
ASKED = (Role.PROMPT, Role.USER)
ANSWERED = (Role.COMPLETION, Role.ASSISTANT)

FILE_ORDER = N_("No column gives the order of the lines, so they stand as in the file.")

Place: TypeAlias = "tuple[float, ...]"
Gathered: TypeAlias = "tuple[int, Origin, dict[str, Any] | Skip]"
"""Number and origin of the first line of a conversation, and its fields, or why it has none."""


@dataclass
class Thread:
    """The lines of one conversation by their places, in the order of the file."""

    row: int
    origin: Origin
    lines: dict[Place, list[Message]] = field(default_factory=dict)
    system: str = ""
    kept: dict[str, Any] = field(default_factory=dict)
    problem: Skip | None = None


def has_threads(recipe: Recipe, columns: Collection[str]) -> bool:
    """Say whether rows with these columns have to be gathered before they are converted."""
    return any(role == Role.THREAD and column in columns for column, role in recipe.roles.items())


def gather(table: Table, roles: Mapping[str, str], recipe: Recipe | None = None) -> Table:
    """Return a table with one row for each conversation; what was left out or assumed is in its notes.

    `recipe` may say who the speakers are, and how columns of one line are joined.
    """
    recipe = replace(recipe or Recipe(), roles=dict(roles))
    rows = (
        (number, origin, dict(zip(table.columns, cells, strict=True)))
        for number, (cells, origin) in enumerate(zip(table.rows, table.origins, strict=True))
    )
    found = list(gathered(rows, recipe))
    good = [(origin, fields) for _row, origin, fields in found if not isinstance(fields, Skip)]
    left_out = [
        Note(fields.reason.template, fields.reason.values, origin)
        for _row, origin, fields in found
        if isinstance(fields, Skip)
    ]
    columns = list(dict.fromkeys([MESSAGES, *(column for _origin, fields in good for column in fields)]))
    cells: list[list[Cell]] = [[fields.get(column, "") for column in columns] for _origin, fields in good]
    notes = [*table.notes, *([] if Role.ORDER in roles.values() else [Note(FILE_ORDER)]), *left_out]
    return replace(
        table, columns=columns, rows=cells, origins=[origin for origin, _f in good], shape="chat", notes=notes
    )


def gathered(rows: Iterable[tuple[int, Origin, Mapping[str, Any]]], recipe: Recipe) -> Iterator[Gathered]:
    """Yield the conversations of rows (number, origin, fields) in the order in which they begin.

    Lines of one conversation may lie anywhere, so nothing is yielded before all rows were seen.
    """
    named: dict[Role, list[str]] = {}
    for column, role in recipe.roles.items():
        named.setdefault(Role(role), []).append(column)
    threads: dict[str, Thread] = {}
    for number, (row, origin, fields) in enumerate(rows):
        name = " ".join(text_of(fields.get(column)) for column in named[Role.THREAD])
        thread = threads.setdefault(name, Thread(row, origin))
        thread.problem = thread.problem or add_line(thread, name, number, fields, named, recipe)
    for name, thread in threads.items():
        yield thread.row, thread.origin, thread.problem or put_together(thread, name)


def add_line(
    thread: Thread,
    name: str,
    number: int,
    fields: Mapping[str, Any],
    named: Mapping[Role, Sequence[str]],
    recipe: Recipe,
) -> Skip | None:
    """Add a row to its conversation, or say why that can't be done. `number`: its place in the file."""
    system = joined(fields, named.get(Role.SYSTEM, ()), recipe)
    if system and thread.system not in ("", system):
        return skip("different_systems", thread=name[:100])
    thread.system = system or thread.system
    for column in named.get(Role.KEEP, ()):
        if fields.get(column) not in (None, ""):
            thread.kept.setdefault(column, kept_value(fields[column]))
    place = place_of(fields, named.get(Role.ORDER, ()), name, number)
    if isinstance(place, Skip):
        return place
    messages = spoken(fields, named, recipe)
    if isinstance(messages, Skip):
        return messages
    if place in thread.lines:
        return skip("same_order", thread=name[:100])
    if any(len(place) != len(other) for other in islice(thread.lines, 1)):  # a number here and a date there
        return skip("unclear_order", thread=name[:100], value=joined(fields, named[Role.ORDER], recipe)[:50])
    thread.lines[place] = messages
    return None


def place_of(fields: Mapping[str, Any], columns: Sequence[str], thread: str, number: int) -> Place | Skip:
    """Return what to sort a line by: numbers as numbers, dates by their parts; its place in the file without either."""
    place: Place = ()
    for column in columns:
        text = text_of(fields.get(column)).strip()
        if not text:
            return skip("no_order", thread=thread[:100])
        if NUMBER.fullmatch(text):
            place += (float(text),)
        elif found := DATE.fullmatch(text):
            place += tuple(float(part or 0) for part in found.groups())
        else:
            return skip("unclear_order", thread=thread[:100], value=text[:50])
    return place if columns else (float(number),)


def spoken(fields: Mapping[str, Any], named: Mapping[Role, Sequence[str]], recipe: Recipe) -> list[Message] | Skip:
    """Return the messages of a row: one by its speaker, or a question and an answer, whichever are filled in."""
    if Role.SPEAKER not in named:
        sides = (("user", ASKED), ("assistant", ANSWERED))
        texts = (
            (side, joined(fields, [c for role in roles for c in named.get(role, ())], recipe)) for side, roles in sides
        )
        return [{"role": side, "content": text} for side, text in texts if text.strip()]
    speaker = joined(fields, named[Role.SPEAKER], recipe)
    side = role_of(speaker, recipe.speakers)
    if side is None:
        return skip("unknown_speaker", speaker=speaker[:50])
    said = joined(fields, [c for role in (Role.LINE, *ASKED, *ANSWERED) for c in named.get(role, ())], recipe)
    return [{"role": side, "content": said}] if said.strip() else []


def joined(fields: Mapping[str, Any], columns: Sequence[str], recipe: Recipe) -> str:
    return recipe.joiner.join(filter(None, (text_of(fields.get(column)) for column in columns)))


def put_together(thread: Thread, name: str) -> dict[str, Any] | Skip:
    """Return the fields of a conversation, its lines in order."""
    messages = [message for _place, said in sorted(thread.lines.items(), key=lambda line: line[0]) for message in said]
    if thread.system:
        if any(message["role"] == "system" for message in messages):
            return skip("different_systems", thread=name[:100])
        messages.insert(0, {"role": "system", "content": thread.system})
    return {MESSAGES: messages, **thread.kept}
