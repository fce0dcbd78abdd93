"""Text of a result file -> header and rows, all of one width. Knows nothing of what a column means."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from lib.datasets.table import Note
from lib.i18n import N_
from lib.results.errors import BrokenResultRow

DELIMITERS = ",\t;"
LONGEST_CELL = 10_000
"""Characters; a metric takes a few. The csv module's own limit may be raised by whoever shares the process."""
CUT_OFF = N_("Line {line}, the last one, is incomplete and was left out.")
SHORT = N_(
    "{n} lines, the first of them line {line}, have fewer values than columns; the missing ones were left empty."
)


@dataclass(frozen=True)
class Rows:
    """Cells as text. `lines[i]` is the line of the file on which `cells[i]` ends."""

    cells: list[list[str]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


def read_header(text: str) -> list[str]:
    """Return the names of the columns: the first line that holds anything."""
    try:
        _line, names = next(_lines(text), (0, [text]))
    except csv.Error:
        return [text.strip()[:80]]
    header = [plain(name) for name in names]
    while len(header) > 1 and not header[-1]:
        header.pop()  # a comma at the end of the line
    return header


def read_rows(text: str, width: int, file: str) -> Rows:
    """Return the rows below the header; the last line may have been cut off, any other must fit `width` columns."""
    rows = Rows()
    for line, cells in _below_header(text, width, file):
        rows.lines.append(line)
        rows.cells.append(cells)
    if rows.cells and not text.endswith(("\n", "\r")) and _is_cut_off(rows.cells[-1], width):
        rows.cells.pop()
        rows.notes.append(Note(CUT_OFF, {"line": rows.lines.pop()}))
    _fit(rows, width, file)
    return rows


def _below_header(text: str, width: int, file: str) -> Iterator[tuple[int, list[str]]]:
    line, lines = 0, _lines(text)
    next(lines)
    try:
        for at, cells in lines:
            if max(map(len, cells)) > LONGEST_CELL:  # a quote that is never closed swallows the rest
                raise BrokenResultRow(file=file, line=line + 1, columns=width)
            line = at
            yield line, cells
    except csv.Error as problem:
        raise BrokenResultRow(file=file, line=line + 1, columns=width) from problem


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the lines that hold anything, with their numbers. The first delimiter that the header holds is the one."""
    header = re.split(r"[\r\n]", text.lstrip(), maxsplit=1)[0]
    delimiter = next((mark for mark in DELIMITERS if mark in header), ",")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    for cells in reader:
        if "".join(cells).strip():
            yield reader.line_num, cells


def plain(name: str) -> str:
    """Return a name on one line, without control characters."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in name).split())


def _is_cut_off(cells: list[str], width: int) -> bool:
    """Say whether a line without its end lacks values, or stops inside a number such as `0.` or `1e-`."""
    return len(cells) < width or cells[-1].strip().endswith((".", "-", "+", "e", "E"))


def _fit(rows: Rows, width: int, file: str) -> None:
    """Bring every row to the width of the header: a comma too many does no harm, a value too many can't be placed."""
    short = []
    for at, cells in enumerate(rows.cells):
        if len(cells) > width and "".join(cells[width:]).strip():
            raise BrokenResultRow(file=file, line=rows.lines[at], columns=width)
        if len(cells) < width:
            short.append(rows.lines[at])
        if len(cells) != width:
            rows.cells[at] = cells[:width] + [""] * (width - len(cells))
    if short:
        rows.notes.append(Note(SHORT, {"n": len(short), "line": short[0]}))
