"""The merged cells of a sheet: which rows they make one header, and which rows share one text.

A spreadsheet keeps the text of merged cells in the first of them. Rows are numbered as the sheet numbers them, from 1,
columns from 0.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

MAX_DEPTH = 8
"""Rows that a header may have."""


@dataclass(frozen=True)
class Area:
    """A rectangle of merged cells, ends included."""

    top: int
    left: int
    bottom: int
    right: int


class Merged:
    """All merged cells of a sheet, by the row they start in."""

    def __init__(self, areas: Sequence[Area] = ()) -> None:
        self.by_row: dict[int, list[Area]] = defaultdict(list)
        for area in areas:
            self.by_row[area.top].append(area)
        self.open: dict[int, tuple[int, str]] = {}

    def __bool__(self) -> bool:
        return bool(self.by_row)

    def header_end(self, first: int) -> int:
        """Return the last row of the header that starts in a row: 0 when nothing in it is merged.

        A cell that spans columns names a group, so the row below it belongs to the header as well.
        """
        last, row = 0, first
        while row <= min(max(last, first), first + MAX_DEPTH):
            for area in self.by_row.get(row, []):
                below = area.bottom + (area.right > area.left)
                if below - first < MAX_DEPTH:
                    last = max(last, below)
            row += 1
        return last if last > first else 0

    def across(self, row: int, cells: Sequence[str], width: int) -> list[str]:
        """Return a row of a header as wide as asked for, with the text of a group above each of its columns."""
        filled = [*cells[:width], *[""] * (width - len(cells))]
        for area in self.by_row.get(row, []):
            for at in range(area.left + 1, min(area.right + 1, width)):
                filled[at] = filled[area.left]
        return filled

    def down(self, row: int, cells: Sequence[str]) -> Sequence[str]:
        """Return a row of data with the text of cells that were merged with one above. Rows must come in order."""
        starting = self.by_row.get(row)
        if not starting and not self.open:
            return cells
        self.open = {at: (bottom, text) for at, (bottom, text) in self.open.items() if bottom >= row}
        filled = list(cells)
        for at, (_bottom, text) in self.open.items():
            if at < len(filled) and not filled[at]:
                filled[at] = text
        for area in starting or []:
            if area.bottom > area.top and area.left < len(cells):
                self.open[area.left] = (area.bottom, cells[area.left])
        return filled
