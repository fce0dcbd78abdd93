"""What a single object of a document is: one record, or something that holds records in one of the usual ways.

Lists under a key (`data`), parts of a dataset (`train`, `validation`), tables by column as pandas and Hugging Face
write them, and questions that are keys with answers as values. Says what was assumed; knows nothing of files.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from lib.datasets.table import JsonValue, Note
from lib.i18n import N_

PARTS = {"train", "training", "validation", "valid", "val", "dev", "test", "eval"}
OF_ONE_RECORD = {"instances", "tools", "functions", "history", "turns", "dialog", "dialogue", "conversation", "images"}
"""Lists that belong to a single record."""
LONG_KEY = 15
"""Characters that a key must have to be read as a question, unless it is marked as one."""

ONE_PART = N_("The file holds several lists; only {part} was read. Left out: {others}.")
BY_COLUMN = N_("The file lists each column by itself; the rows were put together from them.")
BY_KEY = N_("The keys of the file were read as questions, and their values as answers.")


@dataclass(frozen=True)
class Inside:
    """Records found in an object, each with the key whose list it stands in, and what was assumed."""

    records: list[JsonValue]
    key: str | None = None
    notes: list[Note] = field(default_factory=list)


def inside(value: Any) -> Inside | None:
    """Return the records that a value holds; None when it is a record itself."""
    if not isinstance(value, dict) or "messages" in value or has_turns(value.get("conversations")):
        return None
    return listed(value) or by_column(value) or by_key(value)


def listed(value: dict[str, Any]) -> Inside | None:
    """Return the records of a list under a key."""
    lists = [key for key, found in value.items() if isinstance(found, list) and found and isinstance(found[0], dict)]
    if OF_ONE_RECORD & set(lists):
        return None
    if "data" in lists or len(lists) == 1:
        key = "data" if "data" in lists else lists[0]
        return Inside(value[key], key)
    if len(lists) > 1 and {key.lower() for key in value} <= PARTS:
        others = ", ".join(f"{key} ({len(value[key])})" for key in lists[1:])
        return Inside(value[lists[0]], lists[0], [Note(ONE_PART, {"part": lists[0], "others": others})])
    return None


def by_column(value: dict[str, Any]) -> Inside | None:
    """Return the rows of a table that is written column by column, or as names and lists of cells."""
    names, rows = value.get("columns"), value.get("data")
    if isinstance(names, list) and isinstance(rows, list) and rows and all(isinstance(row, list) for row in rows):
        keys = [str(name) for name in names]
        return Inside([dict(zip(keys, row, strict=False)) for row in rows], "data", [Note(BY_COLUMN)])
    kinds = {type(column) for column in value.values()}
    if len(value) < 2 or len({len(column) if isinstance(column, list | dict) else -1 for column in value.values()}) > 1:
        return None
    columns = list(value.values())
    if kinds == {list} and len(columns[0]) > 1 and not isinstance(columns[0][0], dict | list):
        return Inside(
            [dict(zip(value, row, strict=True)) for row in zip(*columns, strict=True)], None, [Note(BY_COLUMN)]
        )
    if kinds == {dict} and columns[0] and all(column.keys() == columns[0].keys() for column in columns):
        if not all(key.isdecimal() for key in columns[0]):
            return None
        return Inside([{name: value[name][key] for name in value} for key in columns[0]], None, [Note(BY_COLUMN)])
    return None


def by_key(value: dict[str, Any]) -> Inside | None:
    """Return questions with answers, when all keys of an object are whole sentences and all values are texts."""
    asks = sum(key.rstrip().endswith(("?", "？")) or (len(key) > LONG_KEY and " " in key.strip()) for key in value)
    if len(value) < 2 or asks < 0.8 * len(value) or not all(isinstance(answer, str) for answer in value.values()):
        return None
    return Inside([{"question": key, "answer": answer} for key, answer in value.items()], None, [Note(BY_KEY)])


def has_turns(value: Any) -> bool:
    """Say whether a list holds the turns of one conversation rather than many conversations."""
    first = value[0] if isinstance(value, list) and value else None
    return isinstance(first, dict) and bool({"from", "role"} & first.keys())
