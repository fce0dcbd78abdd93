"""Which rows name the columns of a grid, and what the names are.

A header is one row, or several: in a workbook the merged cells say how many, in text a first row with gaps does, when
the second fills them and looks unlike the data. Knows nothing of files.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from lib.datasets.files.dialect import Line
from lib.datasets.files.merged import Merged

NUMBER = re.compile(r"[-+]?[\d.,]*\d[\d.,]*%?")
YEAR = re.compile(r"(19|20)\d\d")
SENTENCE_END = re.compile(r"[.!?。！？…][\"'”’）)]?\Z")
SENTENCE = 12
"""Characters from which on a text that ends like a sentence is one; names of columns are shorter, or end otherwise."""
LONG_NAME = 200
MAX_HEADER = 8


def header_rows(lines: Sequence[Line], merged: Merged) -> int:
    """Return how many of the rows on top name the columns; 0 when the first looks like data."""
    if not looks_like_header(lines):
        return 0
    last = merged.header_end(lines[0][0])
    depth = sum(number <= last for number, _cells in lines[:MAX_HEADER]) if last else two_rows(lines)
    while depth > 1 and (depth >= len(lines) or holds_numbers(lines[depth - 1][1])):
        depth -= 1
    return depth


def holds_numbers(cells: Sequence[str]) -> bool:
    """Say whether a row holds a number that is no year: so it is a row of data."""
    return any(NUMBER.fullmatch(cell.strip()) and not YEAR.fullmatch(cell.strip()) for cell in cells)


def looks_like_header(lines: Sequence[Line]) -> bool:
    """Say whether the first row names columns: short distinct texts, not numbers, not all sentences."""
    names = [cell.strip() for cell in trim_end(lines[0][1])]
    given = [name for name in names if name]
    if len(given) > 1 and all(map(is_sentence, given)) and not all(name.endswith(("?", "？")) for name in given):
        return False  # a form may name its columns by its questions, but none by answers
    if len(lines) == 1 or any(len(name) > LONG_NAME for name in given):
        return not any(NUMBER.fullmatch(name) or len(name) > LONG_NAME for name in given)
    return not all(NUMBER.fullmatch(name) for name in given)


def is_sentence(text: str) -> bool:
    """Say whether a text is so long and ends so that it is said by somebody."""
    return len(text) > SENTENCE and SENTENCE_END.search(text) is not None


def two_rows(lines: Sequence[Line]) -> int:
    """Return 2 when the first row groups the columns that the second one names, else 1."""
    if len(lines) < 4:
        return 1
    top, below = ([cell.strip() for cell in cells] for _number, cells in lines[:2])
    width = len(trim_end(below))
    gaps = [at for at in range(1, width) if at >= len(top) or not top[at]]
    named = [cell for cell in below[:width] if cell]
    fills = width > 2 and gaps and any(top[1:]) and len(top) <= len(below) and all(below[at] for at in gaps)
    texts = not any(NUMBER.fullmatch(cell) or len(cell) > LONG_NAME for cell in named)
    data = [cells for _number, cells in lines[2:20] if len(trim_end(cells)) > 1]
    numbers = [at for at in gaps if data and all(at < len(r) and NUMBER.fullmatch(r[at].strip() or "0") for r in data)]
    return 2 if fills and texts and numbers else 1


def header_names(lines: Sequence[Line], depth: int, merged: Merged) -> list[str]:
    """Return a name for each column, from top to bottom; "" for an unnamed one, as far right as anything is held."""
    rows = [list(cells) for _number, cells in lines[:depth]]
    raw = max(len(cells) for cells in rows)
    used = max(len(trim_end(cells)) for cells in rows)
    width = max([used, *(w for _n, cells in lines[depth:] if used < (w := len(trim_end(cells))) <= raw)])
    filled = [merged.across(number, cells, width) for number, cells in lines[:depth]]
    if depth > 1 and not merged:
        filled = [*map(spread, filled[:-1]), filled[-1]]
    return [
        " ".join(dict.fromkeys(" ".join(row[at].split()) for row in filled if row[at].strip())) for at in range(width)
    ]


def spread(cells: Sequence[str]) -> list[str]:
    """Give each gap the name on its left: a group stands above its first column."""
    name = ""
    return [name := cell if cell.strip() else name for cell in cells]


def unique_names(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return a distinct name for each column, and those that had to be made up: `#2`, `id (2)`."""
    given = Counter(" ".join(name.split()) for name in names)
    taken: set[str] = set()
    columns: list[str] = []
    made_up: list[str] = []
    for number, raw in enumerate(names, start=1):
        name = " ".join(raw.split())
        unique = name or f"#{number}"
        if unique in taken or (not name and unique in given):
            unique = next(
                u for n in range(2, len(names) + 3) if (u := f"{unique} ({n})") not in taken and u not in given
            )
        if unique != name:
            made_up.append(unique)
        taken.add(unique)
        columns.append(unique)
    return columns, made_up


def trim_end(cells: Sequence[str]) -> Sequence[str]:
    """Return the cells without the empty ones at the end."""
    end = len(cells)
    while end and not cells[end - 1].strip():
        end -= 1
    return cells[:end]
