"""Write the product copy as a workbook: hand-written rows in, the same bytes out each time.

A workbook is a zip that notes when it was written, inside and on every entry; both are set to one fixed day.
"""

# openpyxl comes without types:
# mypy: disable-error-code="import-untyped"
from __future__ import annotations

import csv
import io
import zipfile
from datetime import datetime
from pathlib import Path

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.worksheet.worksheet import Worksheet

SOURCE = Path(__file__).with_suffix(".csv")
SHEET = "商品文案"
WRITTEN = datetime(2026, 1, 1)
WIDTHS = (16, 16, 12, 12, 16, 90)


def rows() -> list[list[str]]:
    """Return the header and the rows as they were written by hand."""
    with SOURCE.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def products_xlsx() -> bytes:
    """Return the rows as an XLSX workbook with one sheet."""
    book = Workbook()
    book.properties.creator = "Tuneboard"
    book.properties.created = WRITTEN
    sheet = book.active
    assert isinstance(sheet, Worksheet)  # noqa: S101  a new workbook has one
    sheet.title = SHEET
    for row in rows():
        sheet.append(row)
    dress(sheet)
    raw = io.BytesIO()
    book.save(raw)
    return undated(raw.getvalue())


def dress(sheet: Worksheet) -> None:
    """Make the sheet pleasant to open: a bold frozen header, wide columns, wrapped copy."""
    sheet.freeze_panes = "A2"
    for letter, width in zip("ABCDEF", WIDTHS, strict=True):
        sheet.column_dimensions[letter].width = width
        sheet[f"{letter}1"].font = Font(bold=True)
    for cell in sheet["F"]:
        cell.alignment = Alignment(wrap_text=True, vertical="top")


def undated(book: bytes) -> bytes:
    """Return the same zip with every date in it set to the fixed day."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            entry = zipfile.ZipInfo(name, WRITTEN.timetuple()[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(entry, fixed(name, old.read(name)))
    return out.getvalue()


def fixed(name: str, data: bytes) -> bytes:
    """Replace the time of saving, which openpyxl always sets to now."""
    if name != "docProps/core.xml":
        return data
    head, tag, rest = data.partition(b'<dcterms:modified xsi:type="dcterms:W3CDTF">')
    return head + tag + WRITTEN.isoformat().encode() + b"Z" + rest[rest.index(b"<") :]
