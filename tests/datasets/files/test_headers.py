from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from openpyxl import Workbook

from lib.datasets.files.readers import read_table
from lib.datasets.table import Table

Sheet = list[list[str | int | float | None]]


def book(rows: Sheet, *merged: str) -> bytes:
    """Return a workbook with one sheet."""
    made, target = Workbook(), BytesIO()
    for row in rows:
        made.active.append(row)
    for area in merged:
        made.active.merge_cells(area)
    made.save(target)
    return target.getvalue()


def told(table: Table) -> str:
    return " ".join(note.text() for note in table.notes)


def test_a_group_above_its_columns_becomes_part_of_their_names() -> None:
    rows: Sheet = [["City", "Sales", None], [None, "First half", "Second half"], ["Rome", 1, 2], ["Oslo", 3, 4]]
    found = read_table(book(rows, "A1:A2", "B1:C1"), "a.xlsx")
    assert found.columns == ["City", "Sales First half", "Sales Second half"]
    assert (found.rows[0], found.origins[0].line) == (["Rome", "1", "2"], 3)
    assert "lines 1, 2" in told(found)


def test_the_number_of_header_rows_can_be_chosen() -> None:
    rows: Sheet = [["City", "Sales", None], [None, "First half", "Second half"], ["Rome", 1, 2], ["Oslo", 3, 4]]
    data = book(rows, "A1:A2", "B1:C1")
    assert read_table(data, "a.xlsx", header=1).columns == ["City", "Sales", "Sales (2)"]
    assert len(read_table(data, "a.xlsx", header=False).rows) == 4
    assert read_table(b"a,b\nc,d\n1,2\n", "a.csv", header=2).columns == ["a c", "b d"]


def test_years_below_a_group_are_names() -> None:
    rows: Sheet = [["City", "Sales", None], [None, 2019, 2020], ["Rome", 1, 2], ["Oslo", 3, 4]]
    assert read_table(book(rows, "B1:C1"), "a.xlsx").columns == ["City", "Sales 2019", "Sales 2020"]


def test_a_merged_cell_above_data_is_no_second_header() -> None:
    rows: Sheet = [["City", "Sales", None], ["Rome", 1, 2], ["Oslo", 3, 4]]
    found = read_table(book(rows, "B1:C1"), "a.xlsx")
    assert (found.columns, len(found.rows)) == (["City", "Sales", "Sales (2)"], 2)


def test_a_title_over_the_whole_table_is_none_of_its_names() -> None:
    rows: Sheet = [["Everything we sold", None, None], [None], ["q", "a", "n"], ["x", "y", 1], ["z", "w", 2]]
    found = read_table(book(rows, "A1:C1"), "a.xlsx")
    assert (found.columns, found.origins[0].line) == (["q", "a", "n"], 4)
    assert "Title rows" in told(found)


def test_rows_that_share_a_merged_cell_share_its_text() -> None:
    rows: Sheet = [["topic", "q", "a"], ["cats", "x", "y"], [None, "z", "w"], ["dogs", "v", "u"]]
    found = read_table(book(rows, "A2:A3"), "a.xlsx")
    assert [row[0] for row in found.rows] == ["cats", "cats", "dogs"]
    assert "lines 3" in told(found)


def test_empty_cells_that_are_not_merged_stay_empty() -> None:
    rows: Sheet = [["topic", "q"], ["cats", "x"], [None, "z"]]
    assert read_table(book(rows), "a.xlsx").rows[1] == ["", "z"]


def test_two_header_rows_are_seen_in_plain_text_too() -> None:
    found = read_table(b",Sales,,Costs,\nCity,old,new,old,new\nRome,1,2,3,4\nOslo,5,6,7,8\n", "a.csv")
    assert found.columns == ["City", "Sales old", "Sales new", "Costs old", "Costs new"]
    assert len(found.rows) == 2


@pytest.mark.parametrize(
    "text",
    [
        ",prompt,completion\n0,a,b\n1,c,d\n2,e,f\n",
        "prompt,,completion\na,b,c\nd,e,f\ng,h,i\n",
        "id,remark,\n1,a,x\n2,b,y\n3,c,z\n",
    ],
)
def test_an_unnamed_column_makes_no_second_header(text: str) -> None:
    assert len(read_table(text.encode(), "a.csv").rows) == 3


def test_sentences_name_no_columns_but_the_questions_of_a_form_do() -> None:
    said = "What is the moon made of?,It is made of rock and dust.\n" * 3
    found = read_table(said.encode(), "a.csv")
    assert (found.columns, len(found.rows)) == (["#1", "#2"], 3)
    form = "How old are you now?,What is it that you like?\n12,rain\n13,snow\n"
    assert read_table(form.encode(), "a.csv").columns == ["How old are you now?", "What is it that you like?"]


def test_a_remark_below_the_table_is_left_out_and_named() -> None:
    found = read_table(b"a,b,c\n1,2,3\n4,5,6\n\nReport made in May\n", "a.csv")
    assert len(found.rows) == 2
    assert "lines 5" in told(found)


def test_a_row_of_one_cell_in_the_middle_stays() -> None:
    assert len(read_table(b"a,b,c\n1,2,3\n\nalone,,\n4,5,6\n", "a.csv").rows) == 3


def test_real_headers_of_several_rows_read_as_their_writer_meant(realdata: Path) -> None:
    data = (realdata / "xlsx" / "frictionless_multiline-headers.xlsx").read_bytes()
    assert read_table(data, "a.xlsx").columns[1:3] == [
        "Caloric contribution (%)",
        "Cumulative impact of changes on cost of food basket from previous quarter",
    ]
