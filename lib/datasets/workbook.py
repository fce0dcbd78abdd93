"""XLSX and XLS -> rows of text with their row numbers in the sheet.

A workbook is checked before it is parsed; what the checks miss can still take down the process that parses it, so
files of strangers come here through `lib.datasets.spool` only. Knows nothing of columns.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from io import BytesIO

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from lib.datasets.errors import BrokenWorkbook, EmptyFile, NoSuchSheet
from lib.datasets.grid import Line
from lib.datasets.workbook_guard import check_workbook


@dataclass(frozen=True)
class Sheet:
    """The rows of one sheet, and the names of all sheets of its workbook."""

    lines: list[Line]
    name: str
    names: list[str]


def read_workbook(data: bytes, name: str, sheet: str | None = None) -> Sheet:
    """Read a sheet by name, or the first one that holds something."""
    if data.startswith(b"PK"):
        check_workbook(data, name)
    try:
        book = CalamineWorkbook.from_filelike(BytesIO(data))
        names: list[str] = book.sheet_names
        if sheet and sheet not in names:
            raise NoSuchSheet(file=name, sheet=sheet, sheets=", ".join(names))
        for title in [sheet] if sheet else names:
            lines = list(lines_of(book.get_sheet_by_name(title)))
            if lines:
                return Sheet(lines, title, names)
    except (CalamineError, ValueError, OSError) as problem:
        raise BrokenWorkbook(file=name, detail=str(problem)) from problem
    raise EmptyFile(file=name)


def lines_of(sheet: CalamineSheet) -> Iterator[Line]:
    """Yield each row with its number in the sheet; cells left of the first column that holds something are empty."""
    first_row, first_column = sheet.start or (0, 0)
    for number, row in enumerate(sheet.to_python(skip_empty_area=True), start=first_row + 1):
        yield number, [""] * first_column + [text(cell) for cell in row]


def text(cell: str | float | bool | date | datetime | time | timedelta) -> str:
    """Write a cell as a person would: 40 rather than 40.0, TRUE, 2026-01-31."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else repr(cell)
    return str(cell)
