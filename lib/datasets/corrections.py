"""What was corrected by hand: cells that were edited, rows that were taken out. They go by the number of the row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lib.datasets.table import Cell


@dataclass(frozen=True)
class Corrections:
    """Corrections of one file as it was read. The file itself stays what it is."""

    edits: dict[int, dict[str, str]] = field(default_factory=dict)
    """Row -> column -> the text that stands there instead; structured cells are edited as JSON."""
    excluded: frozenset[int] = frozenset()

    def apply(self, row: int, fields: dict[str, Cell]) -> dict[str, Cell] | None:
        """Return the cells of a row as corrected, or None if it was taken out."""
        if row in self.excluded:
            return None
        edits = self.edits.get(row)
        return {**fields, **edits} if edits else fields

    def edit(self, row: int, column: str, text: str) -> Corrections:
        """Return the corrections with one more cell edited."""
        return Corrections({**self.edits, row: {**self.edits.get(row, {}), column: text}}, self.excluded)

    def restore(self, row: int, column: str) -> Corrections:
        """Return the corrections with a cell as it was in the file."""
        kept = {name: text for name, text in self.edits.get(row, {}).items() if name != column}
        others = {number: edits for number, edits in self.edits.items() if number != row}
        return Corrections({**others, row: kept} if kept else others, self.excluded)

    def exclude(self, *rows: int) -> Corrections:
        """Return the corrections with rows taken out."""
        return Corrections(self.edits, self.excluded | set(rows))

    def bring_back(self, *rows: int) -> Corrections:
        """Return the corrections with rows no longer taken out."""
        return Corrections(self.edits, self.excluded - set(rows))

    def to_json(self) -> dict[str, Any]:
        """Return a record that `from_json` turns back into these corrections; the same ones give the same record."""
        edits = {str(row): dict(sorted(self.edits[row].items())) for row in sorted(self.edits)}
        return {"edits": edits, "excluded": sorted(self.excluded)}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Corrections:
        """Rebuild stored corrections."""
        edits = {int(row): dict(cells) for row, cells in record.get("edits", {}).items()}
        return cls(edits, frozenset(record.get("excluded", ())))

    def __bool__(self) -> bool:
        return bool(self.edits or self.excluded)
