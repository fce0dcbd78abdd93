"""Single rows out of a file of any size, and the rows that hold a text.

An index of small pieces is made once for each reading of a file; a row is then a matter of one piece.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import TypeVar

import streamlit as st

from lib.datasets.source import Chunk, Source, SourceRow, chunks, read_chunk
from lib.datasets.table import Cell

PIECE = 2**16
"""Bytes of a piece: read and parsed in a millisecond or two."""
MOST_HITS = 1000

T = TypeVar("T")


def rows_at(source: Source, read_as: str, numbers: Sequence[int]) -> list[SourceRow]:
    """Return the rows with these numbers, in this order; those that can't be read are left away."""
    pieces = _index(source, read_as)
    starts = [piece.row for piece in pieces]
    found: dict[int, SourceRow] = {}
    for at, group in groupby(sorted(set(numbers)), key=lambda number: bisect_right(starts, number) - 1):
        if at >= 0:
            found |= _pick(pieces[at], set(group))
    return [found[number] for number in numbers if number in found]


def search(source: Source, read_as: str, asked: str, within: Sequence[int] | None = None) -> list[int]:
    """Return the numbers of the first rows that hold a text in any cell, in any case of letters."""
    if within is not None:
        rows = iter(rows_at(source, read_as, within))
        return [row.row for row in _limited(row for row in rows if holds(row.fields, asked.casefold()))]
    return _search(source, read_as, asked.casefold())


def holds(fields: Mapping[str, Cell], folded: str) -> bool:
    """Say whether a text, given in folded case, stands in a cell of a row."""
    return any(folded in _text(cell).casefold() for cell in fields.values())


@st.cache_resource(max_entries=4, show_spinner=False)
def _index(_source: Source, read_as: str) -> list[Chunk]:
    return chunks(_source, PIECE)


@st.cache_resource(max_entries=16)
def _search(_source: Source, read_as: str, folded: str) -> list[int]:
    rows = (row for piece in _index(_source, read_as) for row in read_chunk(piece) if isinstance(row, SourceRow))
    return [row.row for row in _limited(row for row in rows if holds(row.fields, folded))]


def _limited(rows: Iterator[T]) -> Iterator[T]:
    for at, row in enumerate(rows, start=1):
        yield row
        if at >= MOST_HITS:
            return


def _pick(piece: Chunk, wanted: set[int]) -> dict[int, SourceRow]:
    found: dict[int, SourceRow] = {}
    for row in read_chunk(piece):
        if isinstance(row, SourceRow) and row.row in wanted:
            found[row.row] = row
            if len(found) == len(wanted):
                break
    return found


def _text(cell: Cell) -> str:
    return cell if isinstance(cell, str) else json.dumps(cell, ensure_ascii=False)
