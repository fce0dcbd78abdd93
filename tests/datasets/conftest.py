"""Builders of files for the tests of the datasets floor."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Sequence
from io import BytesIO
from xml.sax.saxutils import escape

import pytest

from lib.datasets.table import Cell, Origin, Table

MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"


def sheet_xml(rows: Sequence[Sequence[str]]) -> str:
    """Return a sheet whose cells hold text in place."""
    lines = "".join(
        f'<row r="{n}">' + "".join(f'<c t="inlineStr"><is><t>{escape(c)}</t></is></c>' for c in row) + "</row>"
        for n, row in enumerate(rows, start=1)
    )
    return f"<worksheet {MAIN}><sheetData>{lines}</sheetData></worksheet>"


def pack_workbook(sheets: dict[str, str], extra: dict[str, bytes] | None = None) -> bytes:
    """Return the bytes of an XLSX file whose sheets hold the XML given."""
    names = list(sheets)
    parts = {f"xl/worksheets/sheet{n}.xml": xml.encode() for n, xml in enumerate(sheets.values(), start=1)}
    types = "".join(f'<Override PartName="/{p}" ContentType="{TYPE}.worksheet+xml"/>' for p in parts)
    listed = "".join(
        f'<sheet name="{escape(name)}" sheetId="{n}" r:id="r{n}"/>' for n, name in enumerate(names, start=1)
    )
    related = "".join(
        f'<Relationship Id="r{n}" Type="{RELATIONS}/worksheet" Target="worksheets/sheet{n}.xml"/>'
        for n in range(1, len(names) + 1)
    )
    parts |= {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" ContentType='
        f'"application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" '
        f'ContentType="{TYPE}.sheet.main+xml"/>{types}</Types>'.encode(),
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1" '
        f'Type="{RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>'.encode(),
        "xl/workbook.xml": f'<workbook {MAIN} xmlns:r="{RELATIONS}"><sheets>{listed}</sheets></workbook>'.encode(),
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">{related}</Relationships>'
        "".encode(),
        **(extra or {}),
    }
    return pack(parts)


def pack(parts: dict[str, bytes]) -> bytes:
    """Return a ZIP archive."""
    target = BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return target.getvalue()


@pytest.fixture
def workbook() -> Callable[[dict[str, Sequence[Sequence[str]]]], bytes]:
    return lambda sheets: pack_workbook({name: sheet_xml(rows) for name, rows in sheets.items()})


@pytest.fixture
def workbook_of_xml() -> Callable[[dict[str, str]], bytes]:
    return pack_workbook


@pytest.fixture
def archive() -> Callable[[dict[str, bytes]], bytes]:
    return pack


@pytest.fixture
def table() -> Callable[..., Table]:
    """A table from columns and rows, as if each row stood on a line of its own below a header."""

    def build(columns: str, *rows: Sequence[Cell], shape: str = "flat") -> Table:
        cells = [list(row) for row in rows]
        origins = [Origin(line) for line in range(2, len(rows) + 2)]
        return Table(columns.split(), cells, origins, "test.csv", "csv", shape)

    return build
