"""A JSON document that is read value by value, so that a list may be longer than memory.

Only the text from the value at hand onwards is kept. Strict as `lib.datasets.jsonl` is; knows nothing of records.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, TextIO

from lib.datasets import jsonl

BLANK = ("", " ", "\t", "\r", "\n")
SPACE = re.compile(r"[ \t\r\n]*")
CHUNK = 1024 * 1024
TAIL = 64
"""A complaint this close to the end of the text at hand may go away when more of it is read."""
UNENDED = "Unterminated string"
LAX = json.JSONDecoder(parse_int=len, parse_float=len)


class BrokenDocument(ValueError):
    """What stands at a place is no JSON. Line and column count from 1."""

    def __init__(self, line: int, column: int, detail: str) -> None:
        super().__init__(detail)
        self.line, self.column, self.detail = line, column, detail


class BrokenValue(BrokenDocument):
    """A value that is well formed but can't be kept, e.g. NaN. The window stands behind it, so others may follow."""


class Window:
    """The text at hand, the place in it, and the line and column of that place in the file."""

    def __init__(self, file: TextIO) -> None:
        self.file = file
        self.text = ""
        self.at = 0
        self.line = self.column = 1
        self.ended = False

    def grow(self) -> bool:
        """Read on, at least as much as is at hand; return whether there was any more."""
        chunk = self.file.read(max(CHUNK, len(self.text) - self.at))
        self.text, self.at = self.text[self.at :] + chunk, 0
        self.ended = not chunk
        return bool(chunk)

    def move(self, end: int) -> None:
        """Go on to a place in the text at hand."""
        lines = self.text.count("\n", self.at, end)
        self.line += lines
        self.column = end - self.text.rfind("\n", self.at, end) if lines else self.column + end - self.at
        self.at = end

    def peek(self) -> str:
        """Return the next character that is not white space, "" at the end of the file."""
        while self.text[self.at : self.at + 1] in BLANK:
            found = SPACE.match(self.text, self.at)
            self.move(found.end() if found else self.at)
            if self.at < len(self.text):
                return self.text[self.at]
            if not self.grow():
                return ""
        return self.text[self.at]

    def value(self) -> tuple[Any, str]:
        """Take the value at the place; return it with its text."""
        self.peek()
        while True:
            try:
                value, end = jsonl.DECODER.raw_decode(self.text, self.at)
            except json.JSONDecodeError as problem:
                maybe = problem.msg.startswith(UNENDED) or problem.pos > len(self.text) - TAIL
                if maybe and not self.ended:
                    self.grow()
                    continue
                raise self.broken(problem.msg, problem.pos) from problem
            except RecursionError as problem:
                raise self.broken(jsonl.TOO_DEEP, self.at) from problem
            except ValueError as problem:
                raise self.passed_over(jsonl.plain(problem)) from problem
            if self.ended or len(self.text) - end > TAIL or not isinstance(value, int | float):
                return value, self.take(end)
            self.grow()  # the number may go on in what is not read yet

    def passed_over(self, detail: str) -> BrokenDocument:
        """Return the complaint about the value at the place, and go behind it if it can be told where it ends."""
        line, column = self.line, self.column
        while True:
            try:
                _value, end = LAX.raw_decode(self.text, self.at)
            except (ValueError, RecursionError):
                if self.ended or not self.grow():
                    return BrokenDocument(line, column, detail)
            else:
                self.move(end)
                return BrokenValue(line, column, detail)

    def take(self, end: int) -> str:
        """Return the text up to a place and go there."""
        text = self.text[self.at : end]
        try:
            jsonl.check_depth(text, 0, len(text))
        except json.JSONDecodeError as problem:
            raise self.broken(problem.msg, self.at + problem.pos) from problem
        self.move(end)
        return text

    def items(self) -> Iterator[tuple[int, Any, str] | BrokenValue]:
        """Take the list at the place: yield the line, the value and the text of each item, or what is wrong with it."""
        self.peek()
        self.move(self.at + 1)
        while self.peek() != "]":
            line = self.line
            try:
                yield line, *self.value()
            except BrokenValue as problem:
                yield problem
            if self.peek() == ",":
                self.move(self.at + 1)
            elif self.peek() != "]":
                raise self.broken("expected , or ]", self.at)
        self.move(self.at + 1)

    def broken(self, detail: str, place: int) -> BrokenDocument:
        """Return the complaint about a place in the text at hand."""
        lines = self.text.count("\n", self.at, place)
        column = place - self.text.rfind("\n", self.at, place) if lines else self.column + place - self.at
        return BrokenDocument(self.line + lines, column, detail)
