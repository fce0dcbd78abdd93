"""Text of a result file -> header and rows, all of one width. Knows nothing of what a column means."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lib.datasets.table import Note
from lib.i18n import N_
from lib.results.errors import BrokenResultRow

if TYPE_CHECKING:
    from _csv import _reader as CsvReader

DELIMITERS = ",\t;"
CUT_OFF = N_("Line {line}, the last one, is incomplete and was left out.")
PADDED = N_("Line {line} has fewer values than there are columns; the missing ones were left empty.")


@dataclass(frozen=True)
class Rows:
    """Cells as text. `lines[i]` is the line of the file on which `cells[i]` ends."""

    cells: list[list[str]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


def read_header(text: str) -> list[str]:
    """Return the names of the columns: the first line that holds anything."""
    first = text.lstrip().split("\n", 1)[0]
    try:
        header = [name.strip() for name in next(_reader(text.lstrip()))]
    except (csv.Error, StopIteration):
        return [first[:80]]
    while len(header) > 1 and not header[-1]:
        header.pop()  # a comma at the end of the line
    return header


def read_rows(text: str, width: int, file: str) -> Rows:
    """Return the rows below the header; the last line may have been cut off, any other must fit `width` columns."""
    records = _records(text, width, file)
    rows = Rows()
    for position, (line, cells) in enumerate(records, 1):
        if any(cell.strip() for cell in cells[width:]):
            raise BrokenResultRow(file=file, line=line, columns=width)
        if position == len(records) and not text.endswith(("\n", "\r")) and _is_cut_off(cells, width):
            rows.notes.append(Note(CUT_OFF, {"line": line}))
            continue
        if len(cells) < width:
            rows.notes.append(Note(PADDED, {"line": line}))
        rows.cells.append(cells[:width] + [""] * (width - len(cells)))
        rows.lines.append(line)
    return rows


def _records(text: str, width: int, file: str) -> list[tuple[int, list[str]]]:
    """Return the lines that hold anything, without the header, with their numbers."""
    reader = _reader(text)
    try:
        return [(reader.line_num, cells) for cells in reader if any(cell.strip() for cell in cells)][1:]
    except csv.Error as problem:
        raise BrokenResultRow(file=file, line=reader.line_num, columns=width) from problem


def _reader(text: str) -> CsvReader:
    first = text.lstrip().split("\n", 1)[0]
    return csv.reader(io.StringIO(text, newline=""), delimiter=max(DELIMITERS, key=first.count))


def _is_cut_off(cells: list[str], width: int) -> bool:
    """Say whether a line without its end lacks values, or stops inside a number such as `0.` or `1e-`."""
    return len(cells) < width or cells[-1].strip().endswith((".", "-", "+", "e", "E"))
