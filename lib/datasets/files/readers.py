"""A file -> its rows, whatever the kind of file.

The content decides what a file is; its name only settles what the content leaves open. Raises a `DatasetError` for
a file that can't be read, and never gives a table without rows. Parses in this process: a stranger's file goes through
`lib.datasets.files.spool`, which does this where it can do no harm.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import BytesIO
from itertools import chain, islice
from pathlib import PureWindowsPath
from typing import BinaryIO

from lib.datasets.errors import CellTooLong, EmptyFile, NoRows
from lib.datasets.files.archive import unpacked
from lib.datasets.files.delimited import read_delimited
from lib.datasets.files.dialect import MAX_CELL, evenness, first_lines, sniff
from lib.datasets.files.encoding import SAMPLE, Text, find_encoding
from lib.datasets.files.grid import HEAD, read_grid
from lib.datasets.files.json_text import read_json
from lib.datasets.files.plain_text import read_text
from lib.datasets.files.reading import Reading, Row, collect
from lib.datasets.files.recognise import OLE, refuse_foreign, refuse_markup, refuse_other_files, refuse_wrapped_results
from lib.datasets.files.records import Records, read_records
from lib.datasets.files.workbook import read_workbook
from lib.datasets.files.yaml_text import read_yaml
from lib.datasets.shapes.mapping import shape_of
from lib.datasets.table import Note, Table
from lib.i18n import N_

NAMED = {"yml": "yaml", "ndjson": "jsonl", "jl": "jsonl", "tab": "tsv", "text": "txt", "md": "txt", "log": "txt"}
KINDS = ["csv", "tsv", "json", "jsonl", "yaml", "txt"]
BLANK = b"\xef\xbb\xbf \t\r\n"

COLUMNS = N_("Columns: {columns}.")
SHEET = N_("Sheet read: {sheet}. Rows: {rows}, sheets in the file: {n}.")
BY_CONTENT = N_("The name says {named}, but the content is {kind}; it was read as that.")


@dataclass(frozen=True)
class Told:
    """What the reader of a grid was told; None is found out."""

    delimiter: str | None
    header: int | None
    quote: str | None


def read_table(
    data: bytes,
    name: str,
    *,
    encoding: str | None = None,
    delimiter: str | None = None,
    sheet: str | None = None,
    header: int | None = None,
    quote: str | None = None,
) -> Table:
    """Read a file by its content and name. What is not given is detected and said in `Table.evidence`.

    `header` says how many rows name the columns (False none, True one), `quote` the mark around cells ("" for none).
    """
    with reading(BytesIO(data), name, encoding, delimiter, sheet, header, quote) as found:
        return collect(found)


@contextmanager
def reading(
    file: BinaryIO,
    name: str,
    encoding: str | None = None,
    delimiter: str | None = None,
    sheet: str | None = None,
    header: int | None = None,
    quote: str | None = None,
) -> Iterator[Reading]:
    """Find out what a file is and give its rows, to be taken before the block ends."""
    name = shown_name(name)
    refuse_empty(file, name)
    with unpacked(file, name) as packed:
        refuse_empty(packed.file, name)
        start = packed.file.read(SAMPLE)
        refuse_foreign(start, name)
        if start.startswith((b"PK", OLE)):
            found = read_book(packed.file, name, sheet, header)
        else:
            refuse_wrapped_results(start, name)
            text = find_encoding(packed.file, name, encoding)
            found = read_any_text(text, name, packed.name, Told(delimiter, header, quote))
        found.evidence[:0] = packed.evidence
        yield looked_into(found, name)


def refuse_empty(file: BinaryIO, name: str) -> None:
    """Raise for a file of nothing but white space; leave the file at its start."""
    file.seek(0)
    while chunk := file.read(SAMPLE):
        if chunk.strip(BLANK):
            file.seek(0)
            return
    raise EmptyFile(file=name)


def looked_into(found: Reading, name: str) -> Reading:
    """Look at the first rows: refuse files that hold none, or belong to another page; say what shape they have."""
    head = list(islice(found.rows, HEAD))
    refuse_other_files(found.columns, head[0][1] if head else [], name)
    if not head:
        raise NoRows(file=name)
    width = len(found.columns)
    rows = [cells + [""] * (width - len(cells)) for _origin, cells in head]
    table = Table(found.columns, rows, [origin for origin, _cells in head], name, found.format)
    evidence = [*found.evidence, Note(COLUMNS, {"columns": 0})]
    rest = chain(head, found.rows)
    return replace(found, name=name, rows=bounded(rest, name), shape=shape_of(table), evidence=evidence)


def bounded(rows: Iterator[Row], name: str) -> Iterator[Row]:
    """Yield the rows; refuse the file when a cell is longer than any text to learn from."""
    for origin, cells in rows:
        if max(map(len, cells), default=0) > MAX_CELL:
            raise CellTooLong(file=name, line=origin.line, limit=MAX_CELL)
        yield origin, cells


def shown_name(name: str) -> str:
    """Return a file's name without folders and control characters. It is only ever shown, never opened."""
    last = PureWindowsPath(name.replace("\0", "")).name or "file"
    return (
        re.sub(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", "", last)[-120:] or "file"
    )


def read_book(file: BinaryIO, name: str, sheet: str | None, header: int | None) -> Reading:
    """Read one sheet of a workbook."""
    found = read_workbook(file, name, sheet)
    file.seek(0)
    kind = "xls" if file.read(len(OLE)) == OLE else "xlsx"
    grid = read_grid(found.lines, name, found.name, header, found.merged)
    evidence = [Note(SHEET, {"sheet": found.name, "n": len(found.names), "rows": 0})]
    return replace(grid, format=kind, evidence=evidence, sheet=found.name, sheets=found.names)


def read_any_text(text: Text, name: str, inside: str, told: Told) -> Reading:
    """Read a file of text as what its content shows it to be; `inside` is the name that may say its kind."""
    named = extension(inside)
    head = text.head(SAMPLE)
    refuse_markup(head, name)
    kind = "csv" if told.delimiter is not None else kind_of(head, named)
    if kind in ("csv", "tsv"):
        found = read_cells(text, name, told, tabs=kind == "tsv")
    else:
        found = read_records(records_of(kind, text, name), name)
    unlike = named in KINDS and (named in ("csv", "tsv")) != (found.format in ("csv", "tsv"))
    by_content = [Note(BY_CONTENT, {"named": named.upper(), "kind": found.format.upper()})] if unlike else []
    found.notes[:0] = text.notes
    return replace(found, encoding=text.encoding, evidence=[*text.evidence, *found.evidence, *by_content])


def records_of(kind: str, text: Text, name: str) -> Records:
    """Read records of a kind that has no grid."""
    if kind == "yaml":
        return read_yaml(text, name)
    return read_json(text, name) if kind == "json" else read_text(text, name)


def read_cells(text: Text, name: str, told: Told, *, tabs: bool) -> Reading:
    """Read delimited records, with the dialect as evidence."""
    found = read_delimited(text, name, told.delimiter, told.quote, tabs=tabs)
    grid = read_grid(found.lines, name, header=told.header)
    grid.notes[:0] = found.notes
    kind = "tsv" if found.dialect.delimiter == "\t" else "csv"
    return replace(grid, format=kind, delimiter=found.dialect.delimiter, evidence=found.evidence)


def extension(name: str) -> str:
    """Return the kind that a name promises, in lower case; "" for none."""
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    return NAMED.get(ending, ending)


def kind_of(head: str, named: str) -> str:
    """Return csv, tsv, json, yaml or txt: by the first characters, then by the name, then by what cuts evenly."""
    start = head.lstrip()
    if start.startswith("{") or (start.startswith("[") and named not in ("csv", "tsv", "txt", "yaml")):
        return "json"
    if named in ("csv", "tsv", "yaml"):
        return named
    if named in ("json", "jsonl"):
        return "json"
    if start.startswith("[") and re.match(r"\[\s*[\[{\"]", start):
        return "json"
    if named != "txt" and re.match(r"(---\s*\n|- |[\w ]+:\s*\n\s*- )", start):
        return "yaml"
    sample = first_lines(head)
    dialect = sniff(sample)
    even = evenness(sample, dialect)[0] == 1 and sample.count("\n") > 1
    return "csv" if even and (named != "txt" or dialect.delimiter == "\t") else "txt"
