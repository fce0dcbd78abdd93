"""JSON and JSON Lines -> records with the line each starts on.

A broken line of JSON Lines is noted and the others are read; a broken JSON document is refused with the place.
Objects and lists may follow one another without anything between. Knows nothing of columns.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain, islice, repeat
from typing import Any

from lib.datasets import jsonl
from lib.datasets.errors import BrokenJson, NestedTooDeep
from lib.datasets.files.encoding import Text
from lib.datasets.files.grid import capped
from lib.datasets.files.json_shapes import Inside, inside
from lib.datasets.files.json_window import BrokenDocument, BrokenValue, Window
from lib.datasets.files.recognise import refuse_api_objects
from lib.datasets.files.records import Record, Records
from lib.datasets.table import Note, Origin
from lib.i18n import N_

SHOWN_BROKEN = 20
HEAD = 1024 * 1024
LINES_TRIED = 50

BROKEN = N_("Line {line}, column {column}: {detail}. The line was left out.")
MORE_BROKEN = N_("Further broken lines, left out: {n}.")


class BrokenTally:
    """Broken places: a note for each of the first, and one for the rest."""

    def __init__(self, notes: list[Note]) -> None:
        self.notes = notes
        self.count = 0
        self.first: jsonl.BrokenLine | None = None

    def add(self, broken: jsonl.BrokenLine) -> None:
        self.count += 1
        self.first = self.first or broken
        if self.count <= SHOWN_BROKEN:
            values: dict[str, str | int | float] = {"line": broken.line, "column": broken.column}
            self.notes.append(Note(BROKEN, values | {"detail": broken.detail}, Origin(broken.line)))

    def close(self) -> None:
        if self.count > SHOWN_BROKEN:
            self.notes.append(Note(MORE_BROKEN, {"n": self.count - SHOWN_BROKEN}))


def read_json(text: Text, name: str) -> Records:
    """Read a JSON document, or JSON Lines when the text is one object a line."""
    notes: list[Note] = []
    lines = text.head(HEAD).strip().split("\n", LINES_TRIED)
    if len(lines) > 1 and is_object(lines[0]):
        return Records(records_of_lines(text, name, notes), "jsonl", notes)
    found = records_of_document(text, name, notes, by_line=len(lines) > 1 and all(map(is_list, lines[:2])))
    try:
        first = list(islice(found, 1))
    except (BrokenJson, NestedTooDeep):
        if any(is_object(line) for line in lines[1:LINES_TRIED]):
            return Records(records_of_lines(text, name, notes), "jsonl", notes)
        raise
    return Records(capped(chain(first, found), name), "json", notes)


def is_object(line: str) -> bool:
    """Say whether a line is a JSON object by itself."""
    try:
        return line.lstrip().startswith("{") and isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def is_list(line: str) -> bool:
    """Say whether a line is a JSON list of texts by itself, as a question with its answer is."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, list) and all(isinstance(part, str) for part in value)


def records_of_lines(text: Text, name: str, notes: list[Note]) -> Iterator[Record]:
    """Yield one record a line. Lines end with \\n alone: U+2028 and its like belong to the text."""
    tally = BrokenTally(notes)
    count = 0
    with text.open("\n") as lines:
        for number, line in capped(enumerate(lines, start=1), name):
            if not line.strip():
                continue
            found = jsonl.parse(line.rstrip("\r\n"), number)
            if isinstance(found, jsonl.BrokenLine):
                tally.add(found)
            else:
                count += 1
                yield found
    tally.close()
    if not count and tally.first:
        raise BrokenJson(file=name, line=tally.first.line, column=tally.first.column, detail=tally.first.detail)


def about_broken(lines: list[jsonl.BrokenLine]) -> list[Note]:
    """Return a note for each of the first broken lines, and one for the rest."""
    notes: list[Note] = []
    tally = BrokenTally(notes)
    for line in lines:
        tally.add(line)
    tally.close()
    return notes


def records_of_document(text: Text, name: str, notes: list[Note], *, by_line: bool) -> Iterator[Record]:
    """Yield the records of a document; one that can't be kept (NaN, half a character) is left out with a note."""
    tally = BrokenTally(notes)
    count = 0
    try:
        with text.open() as file:
            for found in values_of(Window(file), name, notes, by_line=by_line):
                if isinstance(found, BrokenValue):
                    tally.add(jsonl.BrokenLine(found.line, found.column, found.detail))
                    continue
                line, value, suspect = found
                if suspect and jsonl.has_half(value):
                    tally.add(jsonl.BrokenLine(line, 1, jsonl.HALF))
                else:
                    count += 1
                    yield line, value
    except BrokenDocument as problem:
        raise refusal(problem, name) from problem
    tally.close()
    if tally.first and not count:
        raise BrokenJson(file=name, line=tally.first.line, column=tally.first.column, detail=tally.first.detail)


def values_of(
    window: Window, name: str, notes: list[Note], *, by_line: bool
) -> Iterator[tuple[int, Any, bool] | BrokenValue]:
    """Yield the items of each list and each object, with its line and whether its text may hold half a character.

    An object that is all there is may hold the records; one of several is a record, with or without a comma between.
    `by_line` says that the lists of the document are records too.
    """
    first = True
    while opening := window.peek():
        line = window.line
        if opening == "," and not first:
            window.move(window.at + 1)
        elif opening == "[" and not by_line:
            for item in window.items():
                yield item if isinstance(item, BrokenValue) else (item[0], item[1], may_have_half(item[2]))
        else:
            value, written = window.value()
            refuse_api_objects(value, name)
            found = inside(value) if first and not window.peek() else None
            if found is None:
                yield line, value, may_have_half(written)
            else:
                yield from spread(found, line, written, notes)
        first = False


def spread(found: Inside, line: int, written: str, notes: list[Note]) -> Iterator[tuple[int, Any, bool]]:
    """Yield the records that an object holds: each with a line of its own if it stands in a list."""
    notes += found.notes
    suspect = may_have_half(written)
    starts = lines_inside(written, found.key) if found.key else repeat(0)
    for start, record in zip(starts, found.records, strict=False):
        yield line + start, record, suspect


def may_have_half(written: str) -> bool:
    return bool(jsonl.ESCAPED_HALF.search(written))


def lines_inside(written: str, key: str) -> Iterator[int]:
    """Yield how many lines below the start of an object each item of one of its lists starts."""
    decode = json.JSONDecoder().raw_decode
    at, line, counted = skip(written, 1), 0, 0
    while True:
        name, at = decode(written, at)
        at = skip(written, skip(written, at) + 1)
        if name == key:
            break
        _value, at = decode(written, at)
        at = skip(written, skip(written, at) + 1)
    at = skip(written, at + 1)
    while written[at] != "]":
        line += written.count("\n", counted, at)
        counted = at
        yield line
        _value, at = decode(written, at)
        at = skip(written, at)
        at = skip(written, at + 1) if written[at] == "," else at


def skip(text: str, at: int) -> int:
    """Return the place of the next character that is not white space."""
    while text[at : at + 1] in {" ", "\t", "\r", "\n"}:
        at += 1
    return at


def refusal(problem: BrokenDocument, name: str) -> BrokenJson | NestedTooDeep:
    """Turn a complaint into a refusal with line and column."""
    if problem.detail == jsonl.TOO_DEEP:
        return NestedTooDeep(file=name, line=problem.line, limit=jsonl.MAX_DEPTH)
    return BrokenJson(file=name, line=problem.line, column=problem.column, detail=problem.detail)
