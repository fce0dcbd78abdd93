"""Any table of texts that is written in a format comes back as it was, cell by cell."""

from __future__ import annotations

import csv
import gzip
import json
from io import BytesIO, StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from lib.datasets import jsonl
from lib.datasets.files.readers import read_table
from lib.datasets.files.spool import spool
from lib.datasets.files.spool_file import rows_of, table_of
from lib.datasets.table import Table

Made = tuple[list[str], list[list[str]]]

NAMES = st.text(st.characters(categories=["Lu", "Ll", "Lo"]), min_size=1, max_size=8)
LOOKS_LIKE = ["NA", "None", "null", "nan", "001", "1e5", "TRUE", "no", "~", "2026-01-31", "=1+1", "#x", "- a", "{", "["]
PLAIN = st.characters(exclude_categories=["Cs", "Cc"])
CELLS = st.one_of(
    st.text(st.one_of(PLAIN, st.sampled_from("\n\r\t,;|\"' \\:")), max_size=20), st.sampled_from(LOOKS_LIKE)
)
SHEET_CELLS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn", "Co"]), max_size=20), st.sampled_from(LOOKS_LIKE)
).filter(lambda cell: not cell or cell.strip(" "))
"""openpyxl writes a cell of blanks alone without saying that they count."""


@st.composite
def tables(draw: st.DrawFn, cells: st.SearchStrategy[str] = CELLS) -> Made:
    columns = draw(st.lists(NAMES, min_size=1, max_size=4, unique=True))
    row = st.lists(cells, min_size=len(columns), max_size=len(columns)).filter(lambda found: any(map(str.strip, found)))
    return columns, draw(st.lists(row, min_size=1, max_size=6))


def same(found: Table, made: Made) -> bool:
    return (found.columns, found.rows) == made


def objects(made: Made) -> list[dict[str, str]]:
    return [dict(zip(made[0], row, strict=True)) for row in made[1]]


def delimited(made: Made, delimiter: str, quoting: int) -> bytes:
    target = StringIO(newline="")
    csv.writer(target, delimiter=delimiter, quoting=quoting).writerows([made[0], *made[1]])
    return target.getvalue().encode()


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("quoting", [csv.QUOTE_ALL, csv.QUOTE_MINIMAL])
@given(made=tables())
@example(made=(["a", "b"], [["x\\", "y"], ["\\", "z"]]))
@example(made=(["a", "b", "c"], [["x", "", ""], ["", "", "z"]]))
def test_csv(made: Made, delimiter: str, quoting: int) -> None:
    name = "a.tsv" if delimiter == "\t" else "a.csv"
    assert same(read_table(delimited(made, delimiter, quoting), name, delimiter=delimiter, header=1), made)


@given(made=tables(SHEET_CELLS))
@settings(max_examples=30)
def test_xlsx(made: Made) -> None:
    book, target = Workbook(), BytesIO()
    for at, row in enumerate([made[0], *made[1]], start=1):
        for column, cell in enumerate(row, start=1):
            book.active.cell(at, column, cell).data_type = "s"
    book.save(target)
    assert same(read_table(target.getvalue(), "a.xlsx", header=1), made)


@given(made=tables(), indent=st.sampled_from([None, 1]), ascii=st.booleans())
def test_json(made: Made, indent: int | None, ascii: bool) -> None:
    text = json.dumps(objects(made), indent=indent, ensure_ascii=ascii)
    assert same(read_table(text.encode(), "a.json"), made)
    assert same(read_table(json.dumps({"data": objects(made)}, indent=indent).encode(), "a.json"), made)


@given(made=tables())
def test_json_lines(made: Made) -> None:
    data = jsonl.write(objects(made))
    assert same(read_table(data, "a.jsonl"), made)
    assert same(read_table(gzip.compress(data, mtime=0), "a.jsonl.gz"), made)


@given(made=tables(), unicode=st.booleans(), style=st.sampled_from([None, '"', "|"]))
def test_yaml(made: Made, unicode: bool, style: str | None) -> None:
    text = yaml.safe_dump(objects(made), allow_unicode=unicode, sort_keys=False, default_style=style)
    assert same(read_table(text.encode(), "a.yaml"), made)


@given(made=tables())
@settings(max_examples=5, deadline=None)
def test_the_spool(made: Made) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder, "in")
        path.write_bytes(delimited(made, ",", csv.QUOTE_ALL))
        found = spool(path, "a.csv", Path(folder, "out"), delimiter=",", header=1)
        assert same(table_of(found), made)
        assert [cells for _origin, cells in rows_of(found)] == made[1]
