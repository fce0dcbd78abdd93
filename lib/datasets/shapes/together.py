"""A source whose rows are lines of conversations -> one whose rows are the conversations, written once beside it.

In the same way a source with several instances in a row gets a row for each. What can't be put together stays a row,
which gives no example and says why. The lines of one conversation may lie anywhere in a file, so all texts are in
memory once while they are gathered.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from lib.datasets.files.json_text import BROKEN
from lib.datasets.files.reading import Reading, Row
from lib.datasets.files.spool_file import open_spool, table_of, write_spool
from lib.datasets.jsonl import BrokenLine
from lib.datasets.recipe import Recipe
from lib.datasets.shapes.instances import has_instances, spread
from lib.datasets.shapes.names import Role
from lib.datasets.shapes.rows import left_out
from lib.datasets.shapes.skips import Skip
from lib.datasets.shapes.threads import FILE_ORDER, MESSAGES, gathered, has_threads
from lib.datasets.source import HEAD_ROWS, Source, chunks, read_chunk
from lib.datasets.table import Note, Origin

MOST_NOTES = 20


def changes_rows(recipe: Recipe, columns: Collection[str]) -> bool:
    """Say whether `together` makes other rows of rows with these columns."""
    return has_threads(recipe, columns) or has_instances(recipe, columns)


def together(source: Source, recipe: Recipe, work: Path) -> Source:
    """Return the source with a row for each conversation or instance; the source itself when its rows stay as they are.

    `work` is a folder that what is written may be kept in: the same file under the same roles is gathered once.
    """
    if not changes_rows(recipe, source.table.columns):
        return source
    to = work / f"{fingerprint(source, recipe)}.spool"
    if not to.exists():
        work.mkdir(parents=True, exist_ok=True)
        beside = to.with_suffix(f".{os.getpid()}")
        write_spool(beside, reading_of(source, recipe))
        beside.replace(to)
    found = open_spool(to)
    return Source(table_of(found, HEAD_ROWS), found.path, "cells", found.start, to.stat().st_size, found.rows)


def reading_of(source: Source, recipe: Recipe) -> Reading:
    """Return the conversations or instances of a source as something to be written down."""
    table = source.table
    if not has_threads(recipe, table.columns):
        notes = list(table.notes)
        rows = instances(source, recipe, notes)
        return Reading(
            table.columns, rows, table.format, notes, list(table.evidence), table.name, table.shape, table.encoding
        )
    columns = [MESSAGES, *(column for column, role in recipe.roles.items() if role == Role.KEEP)]
    notes = list(source.table.notes)
    if Role.ORDER not in recipe.roles.values():
        notes.append(Note(FILE_ORDER))
    rows = conversations(source, recipe, columns, notes)
    return Reading(columns, rows, table.format, notes, list(table.evidence), table.name, "chat", table.encoding)


def conversations(source: Source, recipe: Recipe, columns: list[str], notes: list[Note]) -> Iterator[Row]:
    """Yield the rows of the conversations; the first broken lines are told in `notes`."""
    for _number, origin, fields in gathered(lines(source, notes), recipe):
        cells = {MESSAGES: left_out(fields)} if isinstance(fields, Skip) else fields
        yield origin, [cells.get(column, "") for column in columns]


def instances(source: Source, recipe: Recipe, notes: list[Note]) -> Iterator[Row]:
    """Yield the rows of the instances; the first broken lines are told in `notes`."""
    for _number, origin, fields in spread(lines(source, notes), recipe):
        yield origin, [fields.get(column, "") for column in source.table.columns]


def lines(source: Source, notes: list[Note]) -> Iterator[tuple[int, Origin, Mapping[str, Any]]]:
    """Yield the rows of a source as (number, origin, fields)."""
    told = 0
    for piece in chunks(source):
        for row in read_chunk(piece):
            if not isinstance(row, BrokenLine):
                yield row.row, row.origin, row.fields
            elif (told := told + 1) <= MOST_NOTES:
                values: dict[str, str | int | float] = {"line": row.line, "column": row.column, "detail": row.detail}
                notes.append(Note(BROKEN, values, Origin(row.line)))


def fingerprint(source: Source, recipe: Recipe) -> str:
    """Name what is written: the same for the same bytes gathered in the same way."""
    with source.path.open("rb") as file:
        bytes_ = hashlib.file_digest(file, "sha256").hexdigest()
    told = json.dumps([bytes_, list(recipe.roles.items()), recipe.joiner, recipe.speakers], sort_keys=True)
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()
