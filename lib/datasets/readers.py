"""File bytes -> Table, whatever the kind of file.

The content decides what a file is; its name only settles what the content leaves open. Raises a `DatasetError` for
a file that can't be read, and never returns a table without rows.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import PureWindowsPath

from lib.datasets.delimited import Delimited, evenness, first_lines, read_delimited, sniff
from lib.datasets.encoding import Decoded, decode
from lib.datasets.errors import EmptyFile, UnsupportedFile
from lib.datasets.grid import Grid, read_grid
from lib.datasets.json_text import read_json
from lib.datasets.mapping import shape_of
from lib.datasets.plain_text import read_text
from lib.datasets.recognise import refuse_other_files, refuse_wrapped_results
from lib.datasets.records import Records, read_records
from lib.datasets.table import Note, Table
from lib.datasets.workbook import read_workbook
from lib.datasets.yaml_text import read_yaml
from lib.i18n import N_

NAMED = {"yml": "yaml", "ndjson": "jsonl", "jl": "jsonl", "tab": "tsv", "text": "txt", "md": "txt", "log": "txt"}
KINDS = ["csv", "tsv", "json", "jsonl", "yaml", "txt"]
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
FOREIGN = [
    (b"\x1f\x8b", "gzip"),
    (b"%PDF", "PDF"),
    (b"\x89PNG", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF8", "GIF"),
    (b"PAR1", "Parquet"),
    (b"SQLite format 3", "SQLite"),
    (b"Rar!", "RAR"),
    (b"7z\xbc\xaf", "7z"),
    *((bytes([0x80, version]), "pickle") for version in range(2, 6)),
]

ROWS = N_("Rows: {n}, columns: {columns}.")
SHEET = N_("Sheet read: {sheet} (sheets in the file: {n}).")
BY_CONTENT = N_("The name says {named}, but the content is {kind}; it was read as that.")


def read_table(
    data: bytes,
    name: str,
    *,
    encoding: str | None = None,
    delimiter: str | None = None,
    sheet: str | None = None,
    header: bool | None = None,
) -> Table:
    """Read a file by its content and name. What is not given is detected and said in `Table.evidence`."""
    name = shown_name(name)
    if not data.strip(b"\xef\xbb\xbf \t\r\n"):
        raise EmptyFile(file=name)
    refuse_foreign(data, name)
    if data.startswith((b"PK", OLE)):
        table = workbook_table(data, name, sheet, header)
    else:
        refuse_wrapped_results(data, name)
        table = text_table(decode(data, name, encoding), name, delimiter, header)
    refuse_other_files(table.columns, table.rows[0], name)
    return replace(table, shape=shape_of(table), evidence=[*table.evidence, size_of(table)])


def shown_name(name: str) -> str:
    """Return a file's name without folders and control characters. It is only ever shown, never opened."""
    last = PureWindowsPath(name.replace("\0", "")).name or "file"
    return re.sub(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]", "", last)[-120:] or "file"


def refuse_foreign(data: bytes, name: str) -> None:
    """Raise for files that are known by their first bytes and hold no rows for us."""
    for start, kind in FOREIGN:
        if data.startswith(start):
            raise UnsupportedFile(file=name, kind=kind)


def workbook_table(data: bytes, name: str, sheet: str | None, header: bool | None) -> Table:
    """Read one sheet of a workbook."""
    found = read_workbook(data, name, sheet)
    grid = read_grid(found.lines, name, found.name, header)
    kind = "xls" if data.startswith(OLE) else "xlsx"
    evidence = [Note(SHEET, {"sheet": found.name, "n": len(found.names)})]
    table = table_of(grid, name, kind)
    return replace(table, evidence=evidence, sheet=found.name, sheets=found.names)


def text_table(decoded: Decoded, name: str, delimiter: str | None, header: bool | None) -> Table:
    """Read a file of text as what its content shows it to be."""
    named = extension(name)
    kind = "csv" if delimiter is not None else kind_of(decoded.text, named)
    if kind in ("csv", "tsv"):
        found = read_delimited(decoded.text, name, delimiter, tabs=kind == "tsv")
        table = delimited_table(found, name, header)
    else:
        records = read_as(kind, decoded.text, name)
        table = table_of(read_records(records, name), name, records.format)
    unlike = named in KINDS and (named in ("csv", "tsv")) != (table.format in ("csv", "tsv"))
    by_content = [Note(BY_CONTENT, {"named": named.upper(), "kind": table.format.upper()})] if unlike else []
    evidence = [*decoded.evidence, *table.evidence, *by_content]
    return replace(table, encoding=decoded.encoding, evidence=evidence, notes=[*decoded.notes, *table.notes])


def read_as(kind: str, text: str, name: str) -> Records:
    """Read records of a kind that has no grid."""
    if kind == "yaml":
        return read_yaml(text, name)
    return read_json(text, name) if kind == "json" else read_text(text, name)


def delimited_table(found: Delimited, name: str, header: bool | None) -> Table:
    """Read delimited records, with the dialect as evidence."""
    grid = read_grid(found.lines, name, header=header)
    tabs = found.dialect.delimiter == "\t"
    table = table_of(grid, name, "tsv" if tabs else "csv")
    return replace(
        table, delimiter=found.dialect.delimiter, evidence=found.evidence, notes=[*found.notes, *table.notes]
    )


def table_of(grid: Grid, name: str, kind: str) -> Table:
    return Table(grid.columns, grid.rows, grid.origins, name, kind, notes=grid.notes)


def size_of(table: Table) -> Note:
    return Note(ROWS, {"n": len(table.rows), "columns": len(table.columns)})


def extension(name: str) -> str:
    """Return the kind that a name promises, in lower case; "" for none."""
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    return NAMED.get(ending, ending)


def kind_of(text: str, named: str) -> str:
    """Return csv, tsv, json, yaml or txt: by the first characters, then by the name, then by what cuts evenly."""
    start = text.lstrip()
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
    sample = first_lines(text)
    dialect = sniff(text)
    even = evenness(sample, dialect)[0] == 1 and sample.count("\n") > 1
    return "csv" if even and (named != "txt" or dialect.delimiter == "\t") else "txt"
