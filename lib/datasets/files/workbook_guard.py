"""What must be true of an XLSX file before a parser may touch it.

The parser reserves memory for the whole rectangle of a sheet: one stray cell at the far corner would take the
process down. So the archive's directory and every part that can hold cells are checked first, in bounded memory.
"""

from __future__ import annotations

import re
import zipfile
from typing import BinaryIO
from xml.parsers import expat

from lib.datasets.errors import BrokenWorkbook, SheetTooLarge, UnpacksTooLarge

MAX_UNPACKED = 300 * 1024 * 1024
MAX_PARTS = 2000
MAX_CELLS = 5_000_000
MAX_ROW, MAX_COLUMN = 1_048_576, 16_384
REFERENCE = re.compile(r"\$?([A-Za-z]{1,7})\$?(\d{1,12})")
CHUNK = 1024 * 1024


class Extent:
    """The rectangle that the cells of one part span, fed by an XML parser."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.row = self.column = self.cells = self.next_column = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Take in an element: rows, cells, and the range that the sheet claims to have."""
        kind = tag.rpartition(":")[2]
        if kind == "row":
            self.row = max(self.row + 1, number(attributes.get("r", "")))
            self.next_column = 0
        elif kind == "c":
            self.cells += 1
            self.next_column += 1
            self.reach(attributes.get("r", ""))
        elif kind == "dimension":
            self.reach(attributes.get("ref", "").rpartition(":")[2])
        self.check()

    def reach(self, reference: str) -> None:
        """Stretch the rectangle to a cell like `XFD1048576`."""
        if found := REFERENCE.fullmatch(reference):
            self.next_column = column_number(found[1])
            self.row = max(self.row, int(found[2]))
        self.column = max(self.column, self.next_column)

    def check(self) -> None:
        too_far = self.row > MAX_ROW or self.column > MAX_COLUMN
        if too_far or self.row * self.column > MAX_CELLS or self.cells > MAX_CELLS:
            raise SheetTooLarge(file=self.name, row=self.row, column=self.column, limit=MAX_CELLS)


def check_workbook(file: BinaryIO, name: str) -> None:
    """Raise unless the archive is an XLSX workbook that can be parsed in bounded memory."""
    try:
        with zipfile.ZipFile(file) as archive:
            check_directory(archive, name)
            for part in archive.infolist():
                check_part(archive, part, name)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as problem:
        raise BrokenWorkbook(file=name, detail=str(problem)) from problem


def check_directory(archive: zipfile.ZipFile, name: str) -> None:
    """Check what the archive says of itself: its kind, its parts, their unpacked size."""
    parts = archive.infolist()
    size = sum(part.file_size for part in parts)
    if size > MAX_UNPACKED or len(parts) > MAX_PARTS:
        raise UnpacksTooLarge(file=name, limit=MAX_UNPACKED // 2**20)


def check_part(archive: zipfile.ZipFile, part: zipfile.ZipInfo, name: str) -> None:
    """Check the cells of one part. A part that names cells must be plain XML, without entities."""
    with archive.open(part) as file:
        head = file.read(CHUNK)
        if not part.filename.lower().endswith((".xml", ".rels")) and b"<" not in head:
            return
        extent = Extent(name)
        parser = expat.ParserCreate()
        parser.StartElementHandler = extent.start
        parser.StartDoctypeDeclHandler = refuse_doctype
        try:
            while head:
                parser.Parse(head)
                head = file.read(CHUNK)
            parser.Parse(b"", True)
        except (expat.ExpatError, ValueError) as problem:
            if part.filename.lower().endswith((".xml", ".rels")) or b"sheetData" in archive.read(part):
                raise BrokenWorkbook(file=name, detail=f"{part.filename}: {problem}") from problem


def refuse_doctype(*_declaration: object) -> None:
    raise ValueError("a document type declaration has no place in a workbook")


def number(text: str) -> int:
    """Return a row number, 0 when there is none."""
    return int(text) if text.isdecimal() and len(text) < 13 else 0


def column_number(letters: str) -> int:
    """Return 1 for A, 27 for AA."""
    total = 0
    for letter in letters.upper():
        total = total * 26 + ord(letter) - ord("A") + 1
    return total
