"""What a file holds once it is read: named columns, rows of cells, and where each row came from.

A cell is text, or a structured JSON value that stays as it was. It is never None or NaN: a missing cell is "".
Nothing here knows how a file is read or what a column is for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from lib.i18n import translate

JsonValue: TypeAlias = "str | int | float | bool | list[JsonValue] | dict[str, JsonValue] | None"
Cell: TypeAlias = "str | list[JsonValue] | dict[str, JsonValue]"


@dataclass(slots=True, unsafe_hash=True)
class Origin:
    """Where a record starts in its file: line (or row of a sheet) counted from 1. Never changed, though not frozen:
    every row of a file has one, and a frozen one takes four times as long to make.
    """

    line: int
    sheet: str = ""


@dataclass(frozen=True)
class Note:
    """One plain fact about what was read, assumed or left out. Translated when shown; values may be user data."""

    template: str
    values: dict[str, str | int | float] = field(default_factory=dict)
    origin: Origin | None = None

    def text(self) -> str:
        """Return the sentence in the current language."""
        return translate(self.template, **self.values)


@dataclass(frozen=True)
class Table:
    """Rows of a file. `evidence` says how it was read, `notes` what was assumed or left out on the way."""

    columns: list[str]
    rows: list[list[Cell]]
    origins: list[Origin]
    name: str
    format: str
    """csv, tsv, xlsx, xls, json, jsonl, yaml or txt."""
    shape: str = "flat"
    """flat (columns of text), chat (a column of messages) or completion (prompt and completion already)."""
    evidence: list[Note] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    sheets: list[str] = field(default_factory=list)

    def column(self, name: str) -> list[Cell]:
        """Return the cells of one column, from top to bottom."""
        at = self.columns.index(name)
        return [row[at] for row in self.rows]
