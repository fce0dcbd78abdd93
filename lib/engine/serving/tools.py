"""How models say that they call a tool, and finding it in what they write.

Three ways are known, told apart by the model's chat template: Hermes and Qwen write JSON between `<tool_call>` tags,
Mistral writes it behind `[TOOL_CALLS]`, Llama 3 answers with nothing but a JSON object. Knows text and templates;
nothing about tokens or the wire.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

DECODER = json.JSONDecoder()
OTHER_WAYS = ("<function=", "<arg_key>")
"""Marks of templates that use the same tags around something that is not JSON."""


@dataclass(frozen=True)
class Way:
    """A way to write calls: the mark before them, the mark behind each (empty where the answer's end is), the key."""

    opening: str
    closing: str = ""
    arguments: str = "arguments"
    between: str = ""
    """Mark between name and arguments, where they do not stand in one object."""
    bare: bool = False
    """Whether an answer that begins with a brace is a call, mark or no mark."""


HERMES = Way("<tool_call>", "</tool_call>")
MISTRAL = Way("[TOOL_CALLS]")
MISTRAL_NAMED = Way("[TOOL_CALLS]", between="[ARGS]")
LLAMA = Way("<|python_tag|>", arguments="parameters", bare=True)


@dataclass(frozen=True)
class Call:
    """A tool and its arguments, a JSON text."""

    name: str
    arguments: str


def way_of(template: str) -> Way | None:
    """Return how a model with this chat template calls tools, None if it does not or in a way that is not known."""
    if "tools" not in template or any(mark in template for mark in OTHER_WAYS):
        return None
    if "<tool_call>" in template:
        return HERMES
    if "[TOOL_CALLS]" in template:
        return MISTRAL_NAMED if "[ARGS]" in template else MISTRAL
    return LLAMA if '"parameters": dictionary' in template else None


class ToolReader:
    """Take an answer's text as it comes; give back what is to be shown and the calls that are complete.

    Whatever turns out to be no call after all is shown: nothing is dropped but what follows the last of `most` calls.
    """

    def __init__(self, way: Way, *, most: int | None = None) -> None:
        self._way = way
        self._held = ""
        self._begun = False
        self._most = most
        self.calling = False
        """Whether what comes next belongs to a call."""
        self.calls = 0

    @property
    def enough(self) -> bool:
        """Tell whether as many calls have been made as may be."""
        return self._most is not None and self.calls >= self._most

    def feed(self, text: str) -> tuple[str, list[Call]]:
        """Take text."""
        self._held += text
        shown, calls = "", []
        while not self.enough:
            if not self.calling:
                more, found = self._until_call()
                shown += more
                if not found:
                    break
            closing = self._way.closing
            at = self._held.find(closing) if closing else -1
            if at < 0:
                break
            inside, self._held = self._held[:at], self._held[at + len(closing) :]
            self.calling = False
            found_calls = self._read(inside)
            calls += found_calls
            if not found_calls:
                shown += self._way.opening + inside + closing
        return shown, calls

    def flush(self) -> tuple[str, list[Call]]:
        """Take the answer's end."""
        held, self._held = self._held, ""
        if self.enough:
            return "", []
        if not self.calling:
            return ("" if self.calls and held.isspace() else held), []
        calls = self._read(held)
        if calls:
            return "", calls
        mark = "" if self._way.bare else self._way.opening
        return mark + held, []

    def _until_call(self) -> tuple[str, bool]:
        """Show what comes before a call; hold what may be the beginning of its mark."""
        opening = self._way.opening
        if self._way.bare and not self._begun and self._held.lstrip():
            self._begun = True
            if self._held.lstrip().startswith("{"):
                self.calling = True
                return "", True
        at = self._held.find(opening)
        if at >= 0:
            shown, self._held = self._held[:at], self._held[at + len(opening) :]
            self.calling = True
            return shown.rstrip(), True
        keep = next((n for n in range(min(len(opening) - 1, len(self._held)), 0, -1) if self._ends(n)), 0)
        cut = len(self._held[: len(self._held) - keep].rstrip())  # white space before a call is no text
        shown, self._held = self._held[:cut], self._held[cut:]
        return shown, False

    def _ends(self, size: int) -> bool:
        return self._way.opening.startswith(self._held[-size:])

    def _read(self, text: str) -> list[Call]:
        calls = read_calls(self._way, text)
        if self._most is not None:
            calls = calls[: self._most - self.calls]
        self.calls += len(calls)
        return calls


def read_calls(way: Way, text: str) -> list[Call]:
    """Return the calls in a text between marks; none if any of it cannot be read."""
    if way.between:
        found = [_named(part, way.between) for part in text.split(way.opening)]
    elif way.opening == MISTRAL.opening and re.match(r"\s*[\w-]+\s*\{", text):
        found = [_named(part, "") for part in text.split(way.opening)]
    else:
        found = [_call(value, way.arguments) for value in _values(text)]
    calls = [call for call in found if call]
    return calls if len(calls) == len(found) else []


def _values(text: str) -> Sequence[Any]:
    """Return the JSON values that stand in a row, or in one list; a None where something else stands."""
    values: list[Any] = []
    rest = text.strip(" \t\r\n;")
    while rest:
        try:
            value, end = DECODER.raw_decode(rest)
        except (ValueError, RecursionError):
            return [None]
        values += value if isinstance(value, list) else [value]
        rest = rest[end:].lstrip(" \t\r\n;")
    return values or [None]


def _call(value: Any, key: str) -> Call | None:
    if not isinstance(value, dict) or not isinstance(value.get("name"), str):
        return None
    arguments = value.get(key, value.get("arguments", value.get("parameters", {})))
    if isinstance(arguments, str):
        return Call(value["name"], arguments)
    return Call(value["name"], json.dumps(arguments, ensure_ascii=False))


def _named(text: str, between: str) -> Call | None:
    """Read `name[ARGS]{...}`, or `name{...}`."""
    name, _, arguments = text.partition(between) if between else (text.partition("{")[0], "", text[text.find("{") :])
    values = _values(arguments)
    if not name.strip() or len(values) != 1 or not isinstance(values[0], dict):
        return None
    return Call(name.strip(), json.dumps(values[0], ensure_ascii=False))
