from __future__ import annotations

from collections.abc import Callable, Sequence
from io import BytesIO

import pytest
from openpyxl import Workbook as Book

from lib.datasets.errors import (
    BrokenArchive,
    BrokenWorkbook,
    EmptyFile,
    NoSuchSheet,
    SheetTooLarge,
    UnpacksTooLarge,
    UnsupportedFile,
)
from lib.datasets.files.readers import read_table

Workbook = Callable[[dict[str, Sequence[Sequence[str]]]], bytes]
WorkbookOfXml = Callable[[dict[str, str]], bytes]

FIRST = '<row r="1"><c r="A1"><v>1</v></c></row>'
ROWS = [["商品", "文案"], ["001", "第一行\n第二行"], ["NA", "null"]]


def sheet(inside: str) -> str:
    return f'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">{inside}</worksheet>'


def test_cells_are_text_and_rows_keep_their_number(workbook: Workbook) -> None:
    found = read_table(workbook({"数据": ROWS}), "a.xlsx")
    assert (found.columns, found.rows) == (ROWS[0], ROWS[1:])
    assert [(origin.line, origin.sheet) for origin in found.origins] == [(2, "数据"), (3, "数据")]
    assert (found.format, found.sheet, found.sheets) == ("xlsx", "数据", ["数据"])


def test_the_first_sheet_that_holds_something_is_read_and_another_can_be_chosen(workbook: Workbook) -> None:
    data = workbook({"empty": [], "one": ROWS, "two": [["a"], ["b"]]})
    assert read_table(data, "a.xlsx").sheet == "one"
    assert read_table(data, "a.xlsx", sheet="two").rows == [["b"]]


def test_a_sheet_of_remarks_makes_way_for_the_table_behind_it(workbook: Workbook) -> None:
    data = workbook({"read me": [["Exported by Ann"], ["Ask her first"]], "pairs": [["q", "a"], ["1", "2"]]})
    assert read_table(data, "a.xlsx").sheet == "pairs"
    assert read_table(workbook({"texts": [["one"], ["two"]], "empty": []}), "a.xlsx").sheet == "texts"


def test_a_sheet_that_is_not_there_is_refused_with_those_that_are(workbook: Workbook) -> None:
    with pytest.raises(NoSuchSheet) as caught:
        read_table(workbook({"one": ROWS}), "a.xlsx", sheet="two")
    assert "one" in caught.value.explain().todo


def test_numbers_dates_and_booleans_read_as_people_write_them(workbook_of_xml: WorkbookOfXml) -> None:
    cells = '<c r="A1" t="str"><v>n</v></c><c r="B1" t="str"><v>m</v></c><c r="C1" t="str"><v>k</v></c>'
    values = '<c r="A2"><v>40</v></c><c r="B2"><v>1.27</v></c><c r="C2" t="b"><v>1</v></c>'
    xml = sheet(f'<sheetData><row r="1">{cells}</row><row r="2">{values}</row></sheetData>')
    assert read_table(workbook_of_xml({"s": xml}), "a.xlsx").rows == [["40", "1.27", "TRUE"]]


def test_a_table_that_starts_in_the_middle_keeps_its_row_numbers(workbook_of_xml: WorkbookOfXml) -> None:
    rows = "".join(
        f'<row r="{n}"><c r="C{n}" t="str"><v>{a}</v></c><c r="D{n}" t="str"><v>{b}</v></c></row>'
        for n, a, b in [(4, "prompt", "completion"), (5, "x", "y")]
    )
    found = read_table(workbook_of_xml({"s": sheet(f"<sheetData>{rows}</sheetData>")}), "a.xlsx")
    assert found.origins[0].line == 5
    assert found.rows[0][-2:] == ["x", "y"]


def test_an_empty_workbook_is_refused(workbook: Workbook) -> None:
    with pytest.raises(EmptyFile):
        read_table(workbook({"one": []}), "a.xlsx")


@pytest.mark.parametrize(
    "inside",
    [
        f'<sheetData>{FIRST}<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>',
        f'<sheetData>{FIRST}<row r="9"><c r="&#88;FD1048576"><v>1</v></c></row></sheetData>',
        f'<sheetData>{FIRST}<row r="1000000">' + "<c><v>1</v></c>" * 9 + "</row></sheetData>",
        f'<dimension ref="A1:XFD1048576"/><sheetData>{FIRST}</sheetData>',
        '<sheetData><row r="99999999999"><c r="A1"><v>1</v></c></row></sheetData>',
    ],
)
def test_a_stray_cell_at_the_far_corner_is_refused_before_it_is_parsed(
    workbook_of_xml: WorkbookOfXml, inside: str
) -> None:
    with pytest.raises(SheetTooLarge):
        read_table(workbook_of_xml({"s": sheet(inside)}), "a.xlsx")


def test_an_archive_that_unpacks_to_too_much_is_refused_from_its_directory(archive: Callable[..., bytes]) -> None:
    zeros = b"0" * (110 * 2**20)
    with pytest.raises(UnpacksTooLarge):
        read_table(archive({"xl/workbook.xml": b"<a/>", "1": zeros, "2": zeros, "3": zeros}), "a.xlsx")


def test_entities_and_broken_parts_are_refused(workbook_of_xml: WorkbookOfXml) -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa">]>' + sheet("<sheetData><row><c><v>&a;</v></c></row></sheetData>")
    for xml in (bomb, sheet("<sheetData><row>"), "<<" + sheet("<sheetData/>")):
        with pytest.raises(BrokenWorkbook):
            read_table(workbook_of_xml({"s": xml}), "a.xlsx")


def test_a_sheet_in_disguise_is_checked_like_any_other(archive: Callable[..., bytes]) -> None:
    far = b"<<x" + sheet('<sheetData><row><c r="XFD1048576"/></row></sheetData>').encode()
    with pytest.raises(BrokenWorkbook):
        read_table(archive({"xl/workbook.xml": b"<a/>", "xl/media/photo.png": far}), "a.xlsx")


def test_archives_and_old_workbooks_that_are_none_are_refused(archive: Callable[..., bytes]) -> None:
    with pytest.raises(UnsupportedFile, match="DOCX"):
        read_table(archive({"word/document.xml": b"<a/>"}), "a.xlsx")
    with pytest.raises(BrokenArchive):
        read_table(b"PK\x03\x04 not really", "a.xlsx")
    with pytest.raises(BrokenWorkbook):
        read_table(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "a.xls")


def test_a_hidden_sheet_is_read_only_when_chosen() -> None:
    book, target = Book(), BytesIO()
    book.active.title, book.active.sheet_state = "secret", "hidden"
    book.active.append(["a"])
    book.active.append(["x"])
    shown = book.create_sheet("shown")
    shown.append(["b"])
    shown.append(["y"])
    book.save(target)
    assert read_table(target.getvalue(), "a.xlsx").sheet == "shown"
    assert read_table(target.getvalue(), "a.xlsx", sheet="secret").rows == [["x"]]
