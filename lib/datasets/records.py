"""Records (values with the line each starts on) -> columns and rows.

Objects give a column for each key; lists of texts are a question with its answer; single texts are texts. A value
that is missing or null is "", numbers and booleans are their JSON text, lists and objects stay what they are.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from lib.datasets.errors import NoRows, NoUsableColumns, TooManyColumns
from lib.datasets.grid import MAX_COLUMNS, Grid, about_lines
from lib.datasets.table import Cell, JsonValue, Note, Origin
from lib.i18n import N_

Record: TypeAlias = "tuple[int, JsonValue]"
"""Line on which a record starts, and its value."""


@dataclass(frozen=True)
class Records:
    """The records of a file in order, and what was left out on the way."""

    records: list[Record]
    format: str
    notes: list[Note] = field(default_factory=list)


class Scalar(str):
    """A number or a boolean as its JSON text. It is text like any other, but can be written back as it was."""

    __slots__ = ()


OTHERS = N_("Entries of another kind than the rest, left out: {n} (lines {lines}).")
PARTS = N_("Answers in several parts, joined into one text: {n}.")


def read_records(found: Records, name: str) -> Grid:
    """Build columns and rows from the records of the commonest kind; name the lines of all others."""
    if not found.records:
        raise NoRows(file=name)
    kind = Counter(type(value) for _line, value in found.records).most_common(1)[0][0]
    kept = [(line, value) for line, value in found.records if isinstance(value, kind)]
    others = [line for line, value in found.records if not isinstance(value, kind)]
    notes = found.notes + ([about_lines(OTHERS, others)] if others else [])
    origins = [Origin(line) for line, _value in kept]
    values: list[Any] = [value for _line, value in kept]
    if kind is dict:
        columns, rows = from_objects(values, name)
        return Grid(columns, rows, origins, notes)
    if kind is list:
        parts = sum(len(value) > 2 for value in values)
        notes += [Note(PARTS, {"n": parts})] if parts else []
        return Grid(["question", "answer"], [question_and_answer(value) for value in values], origins, notes)
    return Grid(["text"], [[cell_of(value)] for value in values], origins, notes)


def from_objects(values: list[dict[str, JsonValue]], name: str) -> tuple[list[str], list[list[Cell]]]:
    """Return the keys in order of appearance, and a row for each object."""
    columns = list(dict.fromkeys(key for value in values for key in value))
    if not columns:
        raise NoUsableColumns(file=name)
    if len(columns) > MAX_COLUMNS:
        raise TooManyColumns(file=name, found=len(columns), limit=MAX_COLUMNS)
    return columns, [[cell_of(value.get(column)) for column in columns] for value in values]


def question_and_answer(parts: list[JsonValue]) -> list[Cell]:
    """Return the first part, and the others joined to one answer."""
    texts = [part if isinstance(part, str) else json.dumps(part, ensure_ascii=False) for part in parts]
    return [texts[0] if texts else "", join_parts(texts[1:])]


def join_parts(parts: list[str]) -> str:
    """Join the parts of a text: with a space after Latin script, with nothing after Chinese."""
    whole = ""
    for part in (p.strip() for p in parts):
        whole += f" {part}" if whole and part and whole[-1].isascii() else part
    return whole


def cell_of(value: JsonValue) -> Cell:
    """Return a JSON value as a cell."""
    if value is None:
        return ""
    return value if isinstance(value, str | list | dict) else Scalar(json.dumps(value))
