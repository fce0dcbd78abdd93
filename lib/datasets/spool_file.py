"""The spool: what a file held, as lines on disk. The first is a header, each further one a row.

A row is `[line, sheet, cell, cell, ...]` in JSON, UTF-8, ended by \\n alone; it may have fewer cells than the header
has columns, and what is missing is "". Knows nothing of how a file is read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from lib.datasets.table import Cell, Note, Origin, Table


@dataclass(frozen=True)
class Spool:
    """A file that was read: all that a `Table` tells but its rows, and where those are."""

    path: Path
    start: int
    """Byte at which the first row starts; rows go on to the end of the file."""
    rows: int
    name: str
    columns: list[str]
    format: str
    shape: str
    evidence: list[Note] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    sheets: list[str] = field(default_factory=list)


HEADER_FIELDS = ("name", "columns", "format", "shape", "encoding", "delimiter", "sheet", "sheets")


def write_spool(to: Path, table: Table) -> int:
    """Write a table; return how many rows it has."""
    header: dict[str, Any] = {name: getattr(table, name) for name in HEADER_FIELDS}
    header |= {"rows": len(table.rows), "evidence": [asdict(note) for note in table.evidence]}
    header |= {"notes": [asdict(note) for note in table.notes]}
    with to.open("wb") as file:
        file.write(json.dumps(header, ensure_ascii=False).encode() + b"\n")
        for origin, cells in zip(table.origins, table.rows, strict=True):
            file.write(row_line(origin, cells))
    return len(table.rows)


def open_spool(path: Path) -> Spool:
    """Return a spool that was written before."""
    with path.open("rb") as file:
        line = file.readline()
    header: dict[str, Any] = json.loads(line)
    header |= {kind: [note_from(record) for record in header[kind]] for kind in ("evidence", "notes")}
    return Spool(path=path, start=len(line), **header)


def row_line(origin: Origin, cells: list[Cell]) -> bytes:
    """Return the line of a row."""
    return json.dumps([origin.line, origin.sheet, *cells], ensure_ascii=False).encode() + b"\n"


def read_row(line: bytes | str, width: int) -> tuple[Origin, list[Cell]]:
    """Return where a row of the file came from, and its cells, as many as the spool has columns."""
    number, sheet, *cells = json.loads(line)
    return Origin(number, sheet), cells + [""] * (width - len(cells))


def rows_of(spool: Spool) -> Iterator[tuple[Origin, list[Cell]]]:
    """Yield all rows of a spool in order."""
    with spool.path.open("rb") as file:
        file.seek(spool.start)
        for line in file:
            yield read_row(line, len(spool.columns))


def table_of(spool: Spool, rows: int | None = None) -> Table:
    """Return the first rows of a spool, or all, as a table."""
    found = list(islice(rows_of(spool), rows))
    given = {name: getattr(spool, name) for name in (*HEADER_FIELDS, "evidence", "notes")}
    return Table(rows=[cells for _origin, cells in found], origins=[origin for origin, _cells in found], **given)


def note_from(record: dict[str, Any]) -> Note:
    """Rebuild a note from its fields."""
    origin = record["origin"]
    return Note(record["template"], record["values"], Origin(**origin) if origin else None)
