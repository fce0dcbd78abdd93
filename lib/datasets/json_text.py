"""JSON and JSON Lines -> records with the line each starts on.

A broken line of JSON Lines is noted and the others are read; a broken JSON document is refused with the place.
Knows nothing of columns.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from lib.datasets import jsonl
from lib.datasets.errors import BrokenJson, NestedTooDeep
from lib.datasets.grid import capped
from lib.datasets.records import Record, Records
from lib.datasets.table import Note, Origin
from lib.i18n import N_

SPACE = re.compile(r"[ \t\r\n]*")
SHOWN_BROKEN = 20

BROKEN = N_("Line {line}, column {column}: {detail}. The line was left out.")
MORE_BROKEN = N_("Further broken lines, left out: {n}.")


def read_json(text: str, name: str) -> Records:
    """Read a JSON document, or JSON Lines when the text is one object a line."""
    lines = text.strip().split("\n", 50)
    if len(lines) > 1 and is_object(lines[0]):
        return read_lines(text, name)
    try:
        found = list(capped(document(text), name))
    except (ValueError, RecursionError) as problem:
        if any(is_object(line) for line in lines[1:50]):
            return read_lines(text, name)
        raise refusal(problem, text, name) from problem
    halves: list[jsonl.BrokenLine] = []
    if jsonl.ESCAPED_HALF.search(text):
        halves = [jsonl.BrokenLine(line, 1, jsonl.HALF) for line, value in found if jsonl.has_half(value)]
        found = [(line, value) for line, value in found if not jsonl.has_half(value)]
    if halves and not found:
        raise BrokenJson(file=name, line=halves[0].line, column=1, detail=jsonl.HALF)
    return Records(found, "json", about_broken(halves))


def is_object(line: str) -> bool:
    """Say whether a line is a JSON object by itself."""
    try:
        return line.lstrip().startswith("{") and isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def read_lines(text: str, name: str) -> Records:
    """Read one record a line. Lines end with \\n alone: U+2028 and its like belong to the text."""
    records: list[Record] = []
    broken: list[jsonl.BrokenLine] = []
    for number, line in capped(enumerate(text.split("\n"), start=1), name):
        if not line.strip():
            continue
        found = jsonl.parse(line, number)
        if isinstance(found, jsonl.BrokenLine):
            broken.append(found)
        else:
            records.append(found)
    if not records:
        raise BrokenJson(file=name, line=broken[0].line, column=broken[0].column, detail=broken[0].detail)
    return Records(records, "jsonl", about_broken(broken))


def about_broken(lines: list[jsonl.BrokenLine]) -> list[Note]:
    """Return a note for each of the first broken lines, and one for the rest."""
    notes = [
        Note(BROKEN, {"line": b.line, "column": b.column, "detail": b.detail}, Origin(b.line))
        for b in lines[:SHOWN_BROKEN]
    ]
    return notes + ([Note(MORE_BROKEN, {"n": len(lines) - SHOWN_BROKEN})] if len(lines) > SHOWN_BROKEN else [])


def document(text: str) -> Iterator[Record]:
    """Yield the records of a document: the items of its list, of the list that its object wraps, or the object."""
    start = skip(text, 0)
    if text[start : start + 1] == "[":
        yield from items(text, start)
        return
    value, end = decode(text, start)
    expect_end(text, end)
    inside = list_inside(value)
    if inside is None:
        yield line_of(text, start), value
        return
    places = dict(members(text, start))
    line = line_of(text, places[inside])
    for further, item in items(text, places[inside], whole=False):
        yield line + further - 1, item


def list_inside(value: Any) -> str | None:
    """Return the key of the list of records that an object wraps, e.g. `data`; None when it is a record itself."""
    if not isinstance(value, dict) or "messages" in value or has_turns(value.get("conversations")):
        return None
    lists = [key for key, inner in value.items() if isinstance(inner, list) and inner and isinstance(inner[0], dict)]
    if "data" in lists or len(lists) == 1:
        return "data" if "data" in lists else lists[0]
    return None


def has_turns(value: Any) -> bool:
    """Say whether a list holds the turns of one conversation rather than many conversations."""
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict) and "from" in value[0]


def items(text: str, start: int, *, whole: bool = True) -> Iterator[Record]:
    """Yield the items of the list that opens at `start`, each with its line counted from there."""
    at, line, counted = skip(text, start + 1), 1, 0 if whole else start
    while text[at : at + 1] != "]":
        line += text.count("\n", counted, at)
        counted = at
        value, at = decode(text, at)
        yield line, value
        at = after_comma(text, at, "]")
    if whole:
        expect_end(text, at + 1)


def members(text: str, start: int) -> Iterator[tuple[str, int]]:
    """Yield the keys of the object that opens at `start`, each with the place where its value starts."""
    at = skip(text, start + 1)
    while text[at : at + 1] != "}":
        key, at = decode(text, at)
        at = skip(text, skip(text, at) + 1)
        yield key, at
        _value, at = decode(text, at)
        at = after_comma(text, at, "}")


def decode(text: str, at: int) -> tuple[Any, int]:
    """Parse the value at a place; return it with the place where it ends."""
    try:
        value, end = jsonl.DECODER.raw_decode(text, at)
    except json.JSONDecodeError:
        raise
    except (ValueError, RecursionError) as problem:
        raise json.JSONDecodeError(jsonl.plain(problem), text, at) from problem
    jsonl.check_depth(text, at, end)
    return value, end


def after_comma(text: str, at: int, closing: str) -> int:
    """Return the place of the next item, or of the closing bracket."""
    at = skip(text, at)
    if text[at : at + 1] == ",":
        return skip(text, at + 1)
    if text[at : at + 1] != closing:
        raise json.JSONDecodeError(f"expected , or {closing}", text, at)
    return at


def expect_end(text: str, at: int) -> None:
    """Raise if anything but white space follows."""
    at = skip(text, at)
    if at < len(text):
        raise json.JSONDecodeError("more text follows after the end", text, at)


def skip(text: str, at: int) -> int:
    """Return the place of the next character that is not white space."""
    found = SPACE.match(text, at)
    return found.end() if found else at


def line_of(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1


def refusal(problem: Exception, text: str, name: str) -> BrokenJson | NestedTooDeep:
    """Turn a parser's complaint into a refusal with line and column."""
    where = problem if isinstance(problem, json.JSONDecodeError) else json.JSONDecodeError(str(problem), text, 0)
    if where.msg == jsonl.TOO_DEEP:
        return NestedTooDeep(file=name, line=where.lineno, limit=jsonl.MAX_DEPTH)
    return BrokenJson(file=name, line=where.lineno, column=where.colno, detail=where.msg)
