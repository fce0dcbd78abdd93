"""JSON Lines, exactly: one object a line, lines end with \\n alone, UTF-8 without BOM.

Standard library only, because the engine's API process imports it too. Strict where `json` is lax: NaN, a key given
twice, numbers of thousands of digits, deep nesting and half characters (lone surrogates) are broken lines.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator
from typing import Any, NoReturn

BOM = b"\xef\xbb\xbf"
MAX_DEPTH = 100
TOO_DEEP = f"nested more than {MAX_DEPTH} levels deep"
HALF = "half a character (a lone surrogate)"
TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"|[\[\]{}]', re.DOTALL)
STEPS = {"[": 1, "{": 1, "]": -1, "}": -1}
SURROGATE = re.compile("[\ud800-\udfff]")
ESCAPED_HALF = re.compile(r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}|[\ud800-\udfff]")

HALF_BEGINS = re.compile(rb"\\u[dD]").search
"""Takes a third of the time that `in` takes with three bytes."""


class BrokenLine(ValueError):
    """A line that holds no usable JSON object. Line and column count from 1."""

    def __init__(self, line: int, column: int, detail: str) -> None:
        super().__init__(f"line {line}, column {column}: {detail}")
        self.line, self.column, self.detail = line, column, detail


def write(records: Iterable[dict[str, Any]]) -> bytes:
    """Return the records as JSON Lines."""
    return "".join(line(record) for record in records).encode()


def line(record: dict[str, Any]) -> str:
    """Return a record as one line, with its end."""
    return ENCODER.encode(record) + "\n"


def read(data: bytes) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (line number, object) of each line that is not blank; raise `BrokenLine` at the first bad one."""
    for found in scan(data):
        if isinstance(found, BrokenLine):
            raise found
        yield found


def scan(data: bytes, first: int = 1) -> Iterator[tuple[int, dict[str, Any]] | BrokenLine]:
    """Yield (line number, object) of each line that is not blank, and a `BrokenLine` in place of each bad one.

    `first` is the number of the first line, for a piece from the middle of a file.
    """
    for number, raw in enumerate(data.removeprefix(BOM).split(b"\n"), start=first):
        value = at_a_glance(raw)
        if value.__class__ is dict:
            yield number, value
        elif raw and not raw.isspace():
            yield parse_bytes(raw, number)


def at_a_glance(raw: bytes) -> Any:
    """Return the value of a line that needs no second look, or None: it is sound, flat and free of escaped halves.

    What `parse_bytes` would find at length is ruled out here by searches for single bytes, which cost next to nothing.
    """
    if (b"\\" in raw and HALF_BEGINS(raw)) or raw.count(b"[") + raw.count(b"{") > MAX_DEPTH:
        return None
    try:
        text = raw.decode("utf-8")
        value, end = SCAN(text, 0)
    except (ValueError, RecursionError, StopIteration):
        return None
    return value if end == len(text) or text[end:] == "\r" else None


def parse_bytes(raw: bytes, number: int = 1) -> tuple[int, dict[str, Any]] | BrokenLine:
    """Return (number, object) of one line of UTF-8, or the `BrokenLine` it is."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as problem:
        column = len(raw[: problem.start].decode("utf-8")) + 1
        return BrokenLine(number, column, f"byte 0x{raw[problem.start]:02x} is not UTF-8")
    return parse(text, number)


def parse(text: str, number: int = 1) -> tuple[int, dict[str, Any]] | BrokenLine:
    """Return (number, object) of one line, or the `BrokenLine` it is."""
    try:
        value = loads(text)
        check_characters(value, text)
    except json.JSONDecodeError as problem:
        return BrokenLine(number, problem.pos + 1, problem.msg)
    if not isinstance(value, dict):
        return BrokenLine(number, 1, f"a line must hold an object like {{...}}, this one holds {kind(value)}")
    return number, value


def loads(text: str) -> Any:
    """Parse JSON strictly; every problem is a `json.JSONDecodeError`."""
    check_depth(text, 0, len(text))
    try:
        return DECODER.decode(text)
    except json.JSONDecodeError:
        raise
    except (ValueError, RecursionError) as problem:  # a number of too many digits, or one of our own hooks
        raise json.JSONDecodeError(plain(problem), text, 0) from problem


def check_depth(text: str, start: int, end: int) -> None:
    """Raise unless brackets nest at most `MAX_DEPTH` deep; `json` itself would hit the recursion limit."""
    if text.count("[", start, end) + text.count("{", start, end) <= MAX_DEPTH:
        return
    depth = 0
    for token in TOKEN.finditer(text, start, end):
        depth += STEPS.get(token[0], 0)
        if depth > MAX_DEPTH:
            raise json.JSONDecodeError(TOO_DEEP, text, token.start())


def check_characters(value: Any, text: str) -> None:
    """Raise if a string holds half a character: it can't be written as UTF-8."""
    if "\\ud" not in text and "\\uD" not in text and is_whole(text):
        return  # the search below takes longer than parsing
    found = ESCAPED_HALF.search(text)
    if found and has_half(value):
        raise json.JSONDecodeError(HALF, text, found.start())


def is_whole(text: str) -> bool:
    """Say whether a text can be written as UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def has_half(value: Any) -> bool:
    """Say whether any string inside a value holds a lone surrogate."""
    return bool(SURROGATE.search(json.dumps(value, ensure_ascii=False)))


def plain(problem: Exception) -> str:
    """Return a complaint that is not about syntax in plain words."""
    if isinstance(problem, RecursionError):
        return TOO_DEEP
    return "a number of too many digits" if "digits" in str(problem) else str(problem)


def kind(value: Any) -> str:
    """Name a JSON value's type in words."""
    names = {list: "a list", str: "a string", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")


def refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Build an object, refusing a key that appears twice: one of its values would be lost."""
    record = dict(pairs)
    if len(record) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _value in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise ValueError(f"the key {json.dumps(twice[:50])} appears twice")
    return record


def finite(text: str) -> float:
    """Return a float; refuse 1e999, which would be written back as Infinity."""
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"{text[:50]} is too large a number")
    return number


DECODER = json.JSONDecoder(object_pairs_hook=unique_keys, parse_constant=refuse_constant, parse_float=finite)
SCAN = DECODER.scan_once  # type: ignore[attr-defined] # documented in json.decoder's own source only
ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False)
