"""Rows of text as a spreadsheet has them -> columns with their rows, one row at a time.

Finds the header, names every column once, and says which rows were blank, too short or too long. Shared by delimited
text and workbooks; knows nothing of either.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import TypeVar

from lib.datasets.errors import EmptyFile, TooManyColumns, TooManyRows
from lib.datasets.files.dialect import Line
from lib.datasets.files.headers import header_names, header_rows, trim_end, unique_names
from lib.datasets.files.merged import Merged
from lib.datasets.files.reading import Reading, Row
from lib.datasets.table import Note, Origin
from lib.i18n import N_

MAX_COLUMNS = 1000
MAX_ROWS = 5_000_000
HEAD = 1000
"""Rows that are looked at before the first is given out."""
SHOWN_LINES = 10
FOOTNOTES = 5

Item = TypeVar("Item")

BLANK = N_("Blank rows skipped: {n} (lines {lines}).")
TITLES = N_("Title rows above the header skipped: {n} (lines {lines}).")
FOOTERS = N_("Remarks below the table skipped: {n} (lines {lines}).")
NO_HEADER = N_("The first row looks like data, so the columns were numbered.")
NUMBERED = N_("No row names the columns, as chosen, so they were numbered.")
DEEP_HEADER = N_("The names of the columns were put together from several rows: {n} (lines {lines}).")
RENAMED = N_("Columns without a name of their own were given one: {columns}.")
SHORT = N_("Rows with fewer cells than the header: {n} (lines {lines}). The missing cells were read as empty.")
LONG = N_("Rows with more cells than the header, left out: {n} (lines {lines}).")
MERGED = N_("Rows that share a merged cell with the row above and were given its text: {n} (lines {lines}).")


class Tally:
    """Lines of which one thing is to be said: how many, and the first few of them."""

    def __init__(self, template: str, sheet: str = "") -> None:
        self.template, self.sheet = template, sheet
        self.count = 0
        self.first: list[int] = []

    def add(self, line: int) -> None:
        self.count += 1
        if len(self.first) < SHOWN_LINES:
            self.first.append(line)

    def notes(self) -> list[Note]:
        """Return what is to be said, nothing when there were no such lines."""
        if not self.count:
            return []
        shown = ", ".join(map(str, self.first)) + (", …" if self.count > len(self.first) else "")
        return [Note(self.template, {"n": self.count, "lines": shown}, Origin(self.first[0], self.sheet))]


def read_grid(
    lines: Iterable[Line], name: str, sheet: str = "", header: int | None = None, merged: Merged | None = None
) -> Reading:
    """Find columns and give out rows. `header` says how many rows name the columns; None finds out."""
    merged = merged or Merged()
    blank, footers = Tally(BLANK, sheet), Tally(FOOTERS, sheet)
    below_blank: set[int] = set()
    kept = filled(lines, blank, below_blank)
    head = list(islice(kept, HEAD))
    if not head:
        raise EmptyFile(file=name)
    head, titles = drop_titles(head)
    depth = header_rows(head, merged) if header is None else min(int(header), len(head))
    names = header_names(head, depth, merged) if depth else [""] * max(len(trim_end(cells)) for _n, cells in head)
    if len(names) > MAX_COLUMNS:
        raise TooManyColumns(file=name, found=len(names), limit=MAX_COLUMNS)
    columns, renamed = unique_names(names)
    notes = about_lines(TITLES, titles, sheet)
    if not depth:
        notes.append(Note(NO_HEADER if header is None else NUMBERED, origin=Origin(head[0][0], sheet)))
    elif renamed:
        notes.append(Note(RENAMED, {"columns": ", ".join(renamed)}))
    if depth > 1:
        notes += about_lines(DEEP_HEADER, [number for number, _cells in head[:depth]], sheet)
    body = drop_footnotes(chain(head[depth:], kept), len(columns), below_blank, footers)
    return Reading(columns, fit_rows(body, columns, sheet, merged, notes, [blank, footers]), "", notes)


def fit_rows(
    lines: Iterable[Line], columns: list[str], sheet: str, merged: Merged, notes: list[Note], tallies: list[Tally]
) -> Iterator[Row]:
    """Give out rows at most as wide as the header; longer ones are left out. Adds to the notes at the end."""
    width = len(columns)
    short, long, shared = (Tally(text, sheet) for text in (SHORT, LONG, MERGED))
    for number, cells in lines:
        whole = merged.down(number, cells) if merged else cells
        if whole is not cells and list(whole) != list(cells):
            shared.add(number)
        row = whole if len(whole) <= width else trim_end(whole)
        if len(row) > width:
            long.add(number)
            continue
        if len(row) < width:
            short.add(number)
        yield Origin(number, sheet), list(row)
    for tally in (*tallies, shared, short, long):
        notes += tally.notes()


def filled(lines: Iterable[Line], blank: Tally, below_blank: set[int]) -> Iterator[Line]:
    """Yield the lines that hold something, and count those that don't; name those of one cell that follow one."""
    gap = False
    for number, cells in lines:
        if any(cell and not cell.isspace() for cell in cells):
            if gap and len(trim_end(cells)) == 1:
                below_blank.add(number)
            gap = False
            yield number, cells
        else:
            gap = True
            blank.add(number)


def drop_titles(lines: list[Line]) -> tuple[list[Line], list[int]]:
    """Drop the rows of one single cell that stand above a table of two or more columns."""
    widths = [len(trim_end(cells)) for _number, cells in lines[:50]]
    if len(widths) < 3 or Counter(widths).most_common(1)[0][0] < 2:
        return lines, []
    first = next(index for index, width in enumerate(widths) if width > 1)
    return lines[first:], [number for number, _cells in lines[:first]]


def drop_footnotes(lines: Iterable[Line], width: int, below_blank: set[int], footers: Tally) -> Iterator[Line]:
    """Leave out the few rows of one single cell that stand at the end of a table, below a blank row."""
    held: list[Line] = []
    for number, cells in lines:
        single = width > 2 and len(trim_end(cells)) == 1
        if single and (held or number in below_blank) and len(held) < FOOTNOTES:
            held.append((number, cells))
        else:
            yield from held
            held = []
            yield number, cells
    for number, _cells in held:
        footers.add(number)


def capped(items: Iterable[Item], name: str) -> Iterator[Item]:
    """Yield the items as they are; refuse the file when there are more than `MAX_ROWS`, blank ones included."""
    for count, item in enumerate(items):
        if count == MAX_ROWS:
            raise TooManyRows(file=name, limit=MAX_ROWS)
        yield item


def about_lines(template: str, numbers: Sequence[int], sheet: str = "") -> list[Note]:
    """Return a note about some lines: how many, and the first few of them; none when there are none."""
    tally = Tally(template, sheet)
    for number in numbers:
        tally.add(number)
    return tally.notes()
