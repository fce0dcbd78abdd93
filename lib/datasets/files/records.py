"""Records (values with the line each starts on) -> columns and rows.

Objects give a column for each key; lists of texts are a question with its answer; single texts are texts. A value
that is missing or null is "", numbers and booleans are their JSON text, lists and objects stay what they are.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any, TypeAlias

from lib.datasets.errors import NoRows, NoUsableColumns, TooManyColumns
from lib.datasets.files.grid import HEAD, MAX_COLUMNS, Tally
from lib.datasets.files.reading import Reading, Row
from lib.datasets.table import Cell, JsonValue, Note, Origin
from lib.i18n import N_

Record: TypeAlias = "tuple[int, JsonValue]"
"""Line on which a record starts, and its value."""


@dataclass(frozen=True)
class Records:
    """The records of a file in order, to be taken once, and what was left out on the way; notes may still grow."""

    records: Iterator[Record]
    format: str
    notes: list[Note] = field(default_factory=list)


class Scalar(str):
    """A number or a boolean as its JSON text. It is text like any other, but can be written back as it was."""

    __slots__ = ()


OTHERS = N_("Entries of another kind than the rest, left out: {n} (lines {lines}).")
PARTS = N_("Answers in several parts, joined into one text: {n}.")


def read_records(found: Records, name: str) -> Reading:
    """Give out rows of the records of the commonest kind among the first; name the lines of all others."""
    head = list(islice(found.records, HEAD))
    if not head:
        raise NoRows(file=name)
    kind = Counter(type(value) for _line, value in head).most_common(1)[0][0]
    others = Tally(OTHERS)
    kept = of_kind(chain(head, found.records), kind, others)
    if kind is dict:
        columns = list(dict.fromkeys(key for _line, value in head if isinstance(value, dict) for key in value))
        if not columns:
            raise NoUsableColumns(file=name)
        rows = rows_of_objects(kept, columns, name)
    elif kind is list:
        columns, rows = ["question", "answer"], rows_of_lists(kept, found.notes)
    else:
        columns, rows = ["text"], ((Origin(line), [cell_of(value)]) for line, value in kept)
    return Reading(columns, closed(rows, others, found.notes), found.format, found.notes)


def of_kind(records: Iterator[Record], kind: type, others: Tally) -> Iterator[tuple[int, Any]]:
    """Yield the records of one kind; count the others."""
    for line, value in records:
        if isinstance(value, kind):
            yield line, value
        else:
            others.add(line)


def closed(rows: Iterator[Row], others: Tally, notes: list[Note]) -> Iterator[Row]:
    """Yield the rows, and say at their end what was left out."""
    yield from rows
    notes += others.notes()


def rows_of_objects(
    records: Iterator[tuple[int, dict[str, JsonValue]]], columns: list[str], name: str
) -> Iterator[Row]:
    """Yield a row for each object. A key not met before becomes a further column."""
    known = set(columns)
    for line, value in records:
        if not value.keys() <= known:
            columns += [key for key in value if key not in known]
            known.update(value)
        if len(columns) > MAX_COLUMNS:
            raise TooManyColumns(file=name, found=len(columns), limit=MAX_COLUMNS)
        yield Origin(line), [cell_of(value.get(column)) for column in columns]


def rows_of_lists(records: Iterator[tuple[int, list[JsonValue]]], notes: list[Note]) -> Iterator[Row]:
    """Yield the first part of each list as a question, and the others joined as its answer."""
    parts = 0
    for line, value in records:
        parts += len(value) > 2
        yield Origin(line), question_and_answer(value)
    notes += [Note(PARTS, {"n": parts})] if parts else []


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
