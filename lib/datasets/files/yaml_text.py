"""YAML -> records with the line each starts on.

Built from the parser's events: no tag is followed, no object is made, every scalar is the text that stands there
(`no`, `001` and `2026-01-31` too), and references are refused. Knows nothing of columns.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

from lib.datasets.errors import BrokenYaml, NestedTooDeep, NoUsableColumns, TooManyValues, YamlReference
from lib.datasets.files.encoding import Text
from lib.datasets.files.json_shapes import by_column, by_key, has_turns
from lib.datasets.files.records import Record, Records
from lib.datasets.jsonl import MAX_DEPTH
from lib.datasets.table import JsonValue, Note

MAX_VALUES = 2_000_000
LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


class Builder:
    """Values under construction. `lines` holds the line of each item of a list, and of each value of an object."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.documents: list[Any] = []
        self.stack: list[tuple[Any, str | None]] = [(self.documents, None)]
        self.lines: dict[int, list[int]] = {id(self.documents): []}
        self.count = 0
        self.notes: list[Note] = []

    def take(self, event: Any) -> None:
        """Take in one event of the parser."""
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent):
            raise YamlReference(file=self.name, line=line, anchor=event.anchor)
        if isinstance(event, yaml.CollectionEndEvent):
            self.stack.pop()
        elif isinstance(event, yaml.ScalarEvent):
            self.add("" if event.value == "~" and event.implicit[0] else event.value, line)
        elif isinstance(event, yaml.CollectionStartEvent):
            opened: Any = [] if isinstance(event, yaml.SequenceStartEvent) else {}
            self.lines[id(opened)] = []
            self.add(opened, line)
            self.stack.append((opened, None))
            if len(self.stack) > MAX_DEPTH:
                raise NestedTooDeep(file=self.name, line=line, limit=MAX_DEPTH)

    def add(self, value: Any, line: int) -> None:
        """Put a value where it belongs: into the open list, or under the key that waits for it."""
        self.count += 1
        if self.count > MAX_VALUES:
            raise TooManyValues(file=self.name, limit=MAX_VALUES)
        target, key = self.stack[-1]
        if isinstance(target, list):
            target.append(value)
        elif key is None:
            self.stack[-1] = (target, self.new_key(target, value, line))
            return
        else:
            target[key] = value
            self.stack[-1] = (target, None)
        self.lines[id(target)].append(line)

    def new_key(self, target: dict[str, Any], key: Any, line: int) -> str:
        if not isinstance(key, str):
            raise BrokenYaml(file=self.name, line=line, column=1, detail="a list or an object can't be a key")
        if key in target:
            raise BrokenYaml(file=self.name, line=line, column=1, detail=f"the key {key[:50]} appears twice")
        return key


def read_yaml(text: Text, name: str) -> Records:
    """Read the records of a YAML file: a list, an object that wraps one (`conversations`), or one object."""
    builder = Builder(name)
    try:
        for event in yaml.parse(text.whole(), Loader=LOADER):
            builder.take(event)
    except yaml.YAMLError as problem:
        raise refusal(problem, name) from problem
    records = [record for line, value in listed(builder, builder.documents) for record in unwrap(builder, line, value)]
    if not records:
        raise NoUsableColumns(file=name)
    return Records(iter(records), "yaml", builder.notes)


def listed(builder: Builder, values: list[Any]) -> Iterator[Record]:
    """Yield the items of a list with their lines."""
    yield from zip(builder.lines[id(values)], values, strict=True)


def unwrap(builder: Builder, line: int, value: JsonValue) -> Iterator[Record]:
    """Yield the records of one document."""
    if isinstance(value, list):
        yield from listed(builder, value)
    elif isinstance(value, dict):
        inside = value.get("conversations")
        lists = [
            inner for inner in value.values() if isinstance(inner, list) and inner and not isinstance(inner[0], str)
        ]
        if isinstance(inside, list) and not has_turns(inside):
            yield from listed(builder, inside)
        elif len(lists) == 1 and "messages" not in value and not has_turns(lists[0]):
            yield from listed(builder, lists[0])
        elif found := by_column(value) or by_key(value):
            builder.notes += found.notes
            lines = builder.lines[id(value)] if len(found.records) == len(value) else [line] * len(found.records)
            yield from zip(lines, found.records, strict=True)
        else:
            yield line, value


def refusal(problem: yaml.YAMLError, name: str) -> BrokenYaml:
    """Turn the parser's complaint into a refusal with line and column."""
    mark = getattr(problem, "problem_mark", None)
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    detail = getattr(problem, "problem", None) or getattr(problem, "reason", None) or str(problem)
    return BrokenYaml(file=name, line=line, column=column, detail=str(detail))
