"""Rows of text as a spreadsheet has them -> a Table with a header.

Finds the header row, names every column once, and says which rows were blank, too short or too long. Shared by
delimited text and workbooks; knows nothing of either.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from lib.datasets.errors import EmptyFile, NoRows, TooManyColumns, TooManyRows
from lib.datasets.table import Cell, Note, Origin
from lib.i18n import N_

MAX_COLUMNS = 1000
NUMBER = re.compile(r"[-+]?[\d.,]*\d[\d.,]*%?")
MAX_ROWS = 1_000_000
SHOWN_LINES = 10

Item = TypeVar("Item")
Line = tuple[int, Sequence[str]]
"""Line or row number in the file, and the cells."""


@dataclass(frozen=True)
class Grid:
    """Columns with their rows, where each came from, and what was assumed."""

    columns: list[str]
    rows: list[list[Cell]]
    origins: list[Origin]
    notes: list[Note] = field(default_factory=list)


def read_grid(lines: Iterable[Line], name: str, sheet: str = "", header: bool | None = None) -> Grid:
    """Build columns and rows. `header` says whether the first row names the columns; None finds out."""
    kept, blank = drop_blank(lines)
    notes = [about_lines(BLANK, blank, sheet)] if blank else []
    kept, titles = drop_titles(kept)
    notes += [about_lines(TITLES, titles, sheet)] if titles else []
    if not kept:
        raise EmptyFile(file=name)
    has_header = looks_like_header(kept) if header is None else header
    names = header_cells(kept) if has_header else [""] * max(len(trim_end(cells)) for _n, cells in kept)
    if len(names) > MAX_COLUMNS:
        raise TooManyColumns(file=name, found=len(names), limit=MAX_COLUMNS)
    columns, renamed = unique_names(names)
    notes += [] if has_header else [Note(NO_HEADER, origin=Origin(kept[0][0], sheet))]
    notes += [Note(RENAMED, {"columns": ", ".join(renamed)})] if renamed and has_header else []
    return fit_rows(kept[has_header:], columns, name, sheet, notes)


BLANK = N_("Blank rows skipped: {n} (lines {lines}).")
TITLES = N_("Title rows above the header skipped: {n} (lines {lines}).")
NO_HEADER = N_("The first row looks like data, so the columns were numbered.")
RENAMED = N_("Columns without a name of their own were given one: {columns}.")
SHORT = N_("Rows with fewer cells than the header: {n} (lines {lines}). The missing cells were read as empty.")
LONG = N_("Rows with more cells than the header, left out: {n} (lines {lines}).")


def fit_rows(lines: Sequence[Line], columns: list[str], name: str, sheet: str, notes: list[Note]) -> Grid:
    """Make every row as wide as the header: short ones are filled up, long ones left out, both with a note."""
    width = len(columns)
    rows: list[list[Cell]] = []
    origins: list[Origin] = []
    short, long = [], []
    for number, cells in lines:
        kept = cells if len(cells) <= width else trim_end(cells)
        if len(kept) > width:
            long.append(number)
            continue
        if len(kept) < width:
            short.append(number)
        rows.append([*kept, *[""] * (width - len(kept))])
        origins.append(Origin(number, sheet))
    notes = notes + [about_lines(text, found, sheet) for text, found in ((SHORT, short), (LONG, long)) if found]
    if not rows:
        raise NoRows(file=name)
    return Grid(columns, rows, origins, notes)


def drop_blank(lines: Iterable[Line]) -> tuple[list[Line], list[int]]:
    """Return the lines that hold something, and the numbers of those that don't."""
    kept: list[Line] = []
    blank: list[int] = []
    for number, cells in lines:
        if any(cell and not cell.isspace() for cell in cells):
            kept.append((number, cells))
        else:
            blank.append(number)
    return kept, blank


def drop_titles(lines: list[Line]) -> tuple[list[Line], list[int]]:
    """Drop the rows of one single cell that stand above a table of two or more columns."""
    widths = [len(trim_end(cells)) for _number, cells in lines[:50]]
    if len(widths) < 3 or Counter(widths).most_common(1)[0][0] < 2:
        return lines, []
    first = next(index for index, width in enumerate(widths) if width > 1)
    return lines[first:], [number for number, _cells in lines[:first]]


def looks_like_header(lines: Sequence[Line]) -> bool:
    """Say whether the first row names columns: short distinct texts, not numbers, not repeated below."""
    names = [cell.strip() for cell in trim_end(lines[0][1])]
    given = [name for name in names if name]
    if len(lines) == 1 or any(len(name) > 200 for name in given):
        return not any(NUMBER.fullmatch(name) or len(name) > 200 for name in given)
    return not all(NUMBER.fullmatch(name) for name in given)


def header_cells(lines: Sequence[Line]) -> Sequence[str]:
    """Return the header with the unnamed columns at its end that hold something below."""
    raw = lines[0][1]
    used = [len(trim_end(cells)) for _number, cells in lines]
    return raw[: max(width for width in used if width <= max(used[0], len(raw)))]


def unique_names(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return a distinct name for each column, and those that had to be made up: `#2`, `id (2)`."""
    given = Counter(" ".join(name.split()) for name in names)
    columns: list[str] = []
    made_up: list[str] = []
    for number, raw in enumerate(names, start=1):
        name = " ".join(raw.split())
        unique = name or f"#{number}"
        if unique in columns or (not name and unique in given):
            unique = next(
                u for n in range(2, len(names) + 3) if (u := f"{unique} ({n})") not in columns and u not in given
            )
        if unique != name:
            made_up.append(unique)
        columns.append(unique)
    return columns, made_up


def capped(items: Iterable[Item], name: str) -> Iterator[Item]:
    """Yield the items as they are; refuse the file when there are more than `MAX_ROWS`, blank ones included."""
    for count, item in enumerate(items):
        if count == MAX_ROWS:
            raise TooManyRows(file=name, limit=MAX_ROWS)
        yield item


def trim_end(cells: Sequence[str]) -> Sequence[str]:
    """Return the cells without the empty ones at the end."""
    end = len(cells)
    while end and not cells[end - 1].strip():
        end -= 1
    return cells[:end]


def about_lines(template: str, numbers: Sequence[int], sheet: str = "") -> Note:
    """Return a note about some lines: how many, and the first few of them."""
    shown = ", ".join(map(str, numbers[:SHOWN_LINES])) + (", …" if len(numbers) > SHOWN_LINES else "")
    return Note(template, {"n": len(numbers), "lines": shown}, Origin(numbers[0], sheet))
