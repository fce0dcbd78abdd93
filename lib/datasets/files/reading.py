"""A file in the middle of being read: what is known before its rows are, and the rows, one after the other.

Nothing here holds more than a row at a time, so a file may be larger than memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from lib.datasets.table import Cell, Note, Origin, Table

Row: TypeAlias = "tuple[Origin, list[Cell]]"
"""Where a row came from, and its cells; it may have fewer than there are columns, and what is missing is ""."""


@dataclass
class Reading:
    """Rows to be taken once. `columns` and `notes` may grow while they are."""

    columns: list[str]
    rows: Iterator[Row]
    format: str
    notes: list[Note] = field(default_factory=list)
    evidence: list[Note] = field(default_factory=list)
    """A value called `rows` in it is filled in when the rows have been counted."""
    name: str = ""
    shape: str = "flat"
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    sheets: list[str] = field(default_factory=list)


def collect(reading: Reading) -> Table:
    """Take all rows into a table."""
    rows: list[list[Cell]] = []
    origins: list[Origin] = []
    for origin, cells in reading.rows:
        rows.append(cells)
        origins.append(origin)
    for row in rows:
        row.extend([""] * (len(reading.columns) - len(row)))
    return Table(
        reading.columns,
        rows,
        origins,
        reading.name,
        reading.format,
        reading.shape,
        counted(reading.evidence, len(rows), len(reading.columns)),
        reading.notes,
        reading.encoding,
        reading.delimiter,
        reading.sheet,
        reading.sheets,
    )


def counted(evidence: list[Note], rows: int, columns: int) -> list[Note]:
    """Return the evidence with the rows and columns that there turned out to be."""
    totals: dict[str, str | int | float] = {"rows": rows, "columns": columns}
    return [
        replace(note, values=note.values | {k: totals[k] for k in note.values.keys() & totals}) for note in evidence
    ]
