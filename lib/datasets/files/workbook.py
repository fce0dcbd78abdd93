"""XLSX and XLS -> rows of text with their row numbers in the sheet.

A workbook is checked before it is parsed; what the checks miss can still take down the process that parses it, so
files of strangers come here through `lib.datasets.files.spool` only. Knows nothing of columns.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import BinaryIO

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetVisibleEnum

from lib.datasets.errors import BrokenWorkbook, EmptyFile, NoSuchSheet, UnpacksTooLarge
from lib.datasets.files.dialect import Line
from lib.datasets.files.merged import Area, Merged
from lib.datasets.files.workbook_guard import check_workbook

MAX_TEXT = 500_000_000
"""Characters of one sheet. A string that is stored once can fill a million cells."""
EXACT = 2**53
"""Whole numbers beyond this are not exact in a workbook."""


@dataclass(frozen=True)
class Sheet:
    """The rows of one sheet, to be taken once, its merged cells, and the names of all sheets of its workbook."""

    lines: Iterator[Line]
    merged: Merged
    name: str
    names: list[str]


def read_workbook(file: BinaryIO, name: str, sheet: str | None = None) -> Sheet:
    """Open a sheet by name, or the first one that holds a table, or else something; hidden sheets come last."""
    file.seek(0)
    if file.read(2) == b"PK":
        check_workbook(file, name)
    file.seek(0)
    try:
        book = CalamineWorkbook.from_filelike(file)
        names: list[str] = book.sheet_names
        if sheet and sheet not in names:
            raise NoSuchSheet(file=name, sheet=sheet, sheets=", ".join(names))
        found = book.get_sheet_by_name(sheet) if sheet else first_table(book)
        if found is not None and found.start is not None:
            return Sheet(lines_of(found, name), Merged(areas(found)), found.name, names)
    except (CalamineError, ValueError, OSError) as problem:
        raise BrokenWorkbook(file=name, detail=str(problem)) from problem
    raise EmptyFile(file=name)


def first_table(book: CalamineWorkbook) -> CalamineSheet | None:
    """Return the first sheet with rows and columns, else the first that holds anything; None when none does.

    A sheet of one line or one column is mostly a remark about the others. Hidden sheets count where no other holds
    anything.
    """
    for hidden in (False, True):
        remark: CalamineSheet | None = None
        for one in book.sheets_metadata:
            if (one.visible != SheetVisibleEnum.Visible) == hidden:
                sheet = book.get_sheet_by_name(one.name)
                if sheet.width > 1 and sheet.height > 1:
                    return sheet
                remark = remark or (sheet if sheet.start is not None else None)
        if remark:
            return remark
    return None


def areas(sheet: CalamineSheet) -> list[Area]:
    """Return the merged cells, rows counted from 1."""
    ranges = sheet.merged_cell_ranges or []
    return [Area(top + 1, left, bottom + 1, right) for (top, left), (bottom, right) in ranges]


def lines_of(sheet: CalamineSheet, name: str) -> Iterator[Line]:
    """Yield each row of a sheet, from its first one, with its number."""
    size = 0
    for number, row in enumerate(sheet.iter_rows(), start=1):
        cells = [text(cell) for cell in row]
        size += sum(map(len, cells))
        if size > MAX_TEXT:
            raise UnpacksTooLarge(file=name, limit=MAX_TEXT // 2**20)
        yield number, cells


def text(cell: str | float | bool | date | datetime | time | timedelta) -> str:
    """Write a cell as a person would: 40 rather than 40.0, TRUE, 2026-01-31."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < EXACT else repr(cell)
    return str(cell)
