"""The spool: what a file held, as lines on disk. The first is a header, each further one a row.

A row is `[line, sheet, cell, cell, ...]` in JSON, UTF-8, ended by \\n alone; it may have fewer cells than the header
has columns, and what is missing is "". Knows nothing of how a file is read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from io import SEEK_END
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from lib.datasets.files.reading import Reading, counted
from lib.datasets.files.records import Scalar, cell_of
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


ROOM = 16 * 1024
"""Bytes kept free for the header."""
CHUNK = 1024 * 1024
HEADER_FIELDS = ("name", "columns", "format", "shape", "encoding", "delimiter", "sheet", "sheets")


def write_spool(to: Path, reading: Reading) -> int:
    """Take all rows of a reading and write them; return how many there were.

    The header tells what is known only at the end, so its place is kept free; one that is too long moves the rows.
    """
    rows = 0
    with to.open("w+b") as file:
        file.write(b" " * ROOM + b"\n")
        for origin, cells in reading.rows:
            file.write(row_line(origin, cells))
            rows += 1
        header = header_line(reading, rows)
        if len(header) > ROOM:
            insert(file, len(header) - ROOM)
        file.seek(0)
        file.write(header.ljust(ROOM) + b"\n")
    return rows


def header_line(reading: Reading, rows: int) -> bytes:
    header: dict[str, Any] = {name: getattr(reading, name) for name in HEADER_FIELDS} | {"rows": rows}
    header["evidence"] = [asdict(note) for note in counted(reading.evidence, rows, len(reading.columns))]
    header["notes"] = [asdict(note) for note in reading.notes]
    return json.dumps(header, ensure_ascii=False).encode()


def insert(file: BinaryIO, size: int) -> None:
    """Make room at the start of a file: move all of it, from its end."""
    end = file.seek(0, SEEK_END)
    while end:
        start = max(0, end - CHUNK)
        file.seek(start)
        piece = file.read(end - start)
        file.seek(start + size)
        file.write(piece)
        end = start


def open_spool(path: Path) -> Spool:
    """Return a spool that was written before."""
    with path.open("rb") as file:
        line = file.readline()
    header: dict[str, Any] = json.loads(line)
    header |= {kind: [note_from(record) for record in header[kind]] for kind in ("evidence", "notes")}
    return Spool(path=path, start=len(line), **header)


def row_line(origin: Origin, cells: list[Cell]) -> bytes:
    """Return the line of a row. A number or boolean that is text for us is written as what it was."""
    plain = [json.loads(cell) if isinstance(cell, Scalar) else cell for cell in cells]
    return json.dumps([origin.line, origin.sheet, *plain], ensure_ascii=False).encode() + b"\n"


def read_row(line: bytes | str, width: int) -> tuple[Origin, list[Cell]]:
    """Return where a row of the file came from, and its cells, as many as the spool has columns."""
    number, sheet, *values = json.loads(line)
    cells = [value if isinstance(value, str) else cell_of(value) for value in values]
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
