"""Parse one sheet of a workbook, in a process of its own: `python workbook_child.py [SHEET] < BYTES > JSON`.

A hostile workbook can take all memory or abort the process that parses it. Here it takes this process, which has a
limit on memory, and nobody else's. Imports nothing of the project, so that it starts quickly.
"""

from __future__ import annotations

import contextlib
import json
import sys
from datetime import date, datetime, time, timedelta
from io import BytesIO
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook

TOO_HEAVY = "too heavy"
MAX_MEMORY = 2 * 1024**3
MAX_TEXT = 300_000_000
"""Characters of one sheet. A string stored once can fill a million cells."""


def main(wanted: str) -> None:
    """Write {"sheets", "sheet", "rows"} or {"error"} to standard output."""
    limit_memory()
    try:
        answer = read(sys.stdin.buffer.read(), wanted)
    except (CalamineError, ValueError, OSError) as problem:
        answer = {"error": str(problem)}
    except MemoryError:
        answer = {"error": TOO_HEAVY}
    json.dump(answer, sys.stdout)


def limit_memory() -> None:
    """Cap this process, where the system can do that."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource  # noqa: PLC0415 - not on Windows

        resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))


def read(data: bytes, wanted: str) -> dict[str, Any]:
    """Return the names of all sheets and the rows, as text, of the wanted one or the first that holds something."""
    book = CalamineWorkbook.from_filelike(BytesIO(data))
    names = book.sheet_names
    if wanted and wanted not in names:
        return {"sheets": names, "sheet": None, "rows": []}
    for name in [wanted] if wanted else names:
        sheet = book.get_sheet_by_name(name)
        rows = as_text(sheet.to_python(skip_empty_area=True))
        if rows or wanted:
            first_row, first_column = sheet.start or (0, 0)
            return {"sheets": names, "sheet": name, "rows": rows, "first_row": first_row + 1, "left": first_column}
    return {"sheets": names, "sheet": names[0] if names else "", "rows": []}


def as_text(rows: list[list[Any]]) -> list[list[str]]:
    """Return every cell as text; raise if all of it together is too much."""
    texts: list[list[str]] = []
    size = 0
    for row in rows:
        texts.append([text(cell) for cell in row])
        size += sum(map(len, texts[-1]))
        if size > MAX_TEXT:
            raise MemoryError
    return texts


def text(cell: str | float | bool | date | datetime | time | timedelta) -> str:
    """Write a cell as a person would: 40 rather than 40.0, TRUE, 2026-01-31."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else repr(cell)
    return str(cell)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "")
