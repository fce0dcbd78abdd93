from __future__ import annotations

import csv
from io import BytesIO, StringIO

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lib.datasets.errors import CellTooLong, UnclosedQuote, UnreadableFile
from lib.datasets.files.delimited import read_delimited
from lib.datasets.files.dialect import MAX_CELL, Dialect, Line
from lib.datasets.files.encoding import Text
from lib.datasets.files.readers import read_table
from lib.datasets.table import Note

NAMES = st.text(st.characters(categories=["Lu", "Ll", "Lo"]), min_size=1, max_size=8)
CELLS = st.text(
    st.one_of(st.characters(exclude_categories=["Cs", "Cc"]), st.sampled_from("\n\r\t,;|\"' \\")), max_size=20
)


def read(text: str, delimiter: str | None = None) -> tuple[list[Line], list[Note], Dialect]:
    found = read_delimited(Text(BytesIO(text.encode()), "utf-8"), "a.csv", delimiter)
    return list(found.lines), found.notes, found.dialect


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[list[str]]]:
    columns = draw(st.lists(NAMES, min_size=1, max_size=4, unique=True))
    row = st.lists(CELLS, min_size=len(columns), max_size=len(columns)).filter(lambda cells: any(map(str.strip, cells)))
    return columns, draw(st.lists(row, min_size=1, max_size=6))


def write_csv(columns: list[str], rows: list[list[str]], delimiter: str) -> str:
    target = StringIO(newline="")
    csv.writer(target, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows([columns, *rows])
    return target.getvalue()


@given(tables(), st.sampled_from([",", ";", "\t", "|"]), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
@example((["a", "b"], [["NA", "001"], ["null", "None"], ["1e5", "2026-01-31"]]), ",", "utf-8")
@example((["a"], [["x\u2028 \x85y"], ['"'], ["x\r\ny"]]), ";", "utf-8")
def test_any_table_of_texts_survives(made: tuple[list[str], list[list[str]]], delimiter: str, encoding: str) -> None:
    columns, rows = made
    found = read_table(write_csv(columns, rows, delimiter).encode(encoding), "a.csv", header=True)
    assert (found.columns, found.rows) == (columns, rows)


def test_a_record_knows_the_line_it_starts_on_after_embedded_newlines() -> None:
    found = read_table(b'a,b\n"1\n2\n3",x\ny,z\n', "a.csv")
    assert [origin.line for origin in found.origins] == [2, 5]
    assert found.rows[0] == ["1\n2\n3", "x"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_line_ending_is_understood(end: str) -> None:
    lines, _notes, _dialect = read(f"a,b{end}1,2{end}")
    assert lines == [(1, ["a", "b"]), (2, ["1", "2"])]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_although_texts_hold_others(delimiter: str) -> None:
    rows = [["question", "answer"], ["a; b, c", "d | e"], ["f, g; h", "i"]]
    text = "\n".join(delimiter.join(f'"{cell}"' for cell in row) for row in rows)
    lines, _notes, dialect = read(text)
    assert dialect.delimiter == delimiter
    assert [cells for _line, cells in lines] == rows


def test_lines_of_prose_are_one_column() -> None:
    text = 'text\nOne, two, three.\n"Well," she said, and left.\nNo comma here; none.\n'
    assert [cells for _line, cells in read(text)[0]][2] == ['"Well," she said, and left.']


def test_a_chosen_delimiter_wins() -> None:
    assert read("a;b,c\n1;2,3\n", ",")[0][1][1] == ["1;2", "3"]


def test_a_space_after_the_delimiter_belongs_to_no_cell() -> None:
    assert read('"a", "b"\n"1", "2, 3"\n')[0][1][1] == ["1", "2, 3"]


def test_a_backslash_before_a_delimiter_is_read_as_its_writer_meant() -> None:
    lines, notes, _dialect = read("a,b\nx\\, y,1\nz,2\n")
    assert lines[1][1] == ["x, y", "1"]
    assert notes


def test_a_backslash_elsewhere_is_text() -> None:
    assert read("a,b\nx\\ny,1\n")[0][1][1] == ["x\\ny", "1"]


def test_a_quotation_mark_that_is_never_closed_is_named_by_line() -> None:
    with pytest.raises(UnclosedQuote) as caught:
        read('a,b\n1,2\n"3,4\n5,6\n')
    assert caught.value.values["line"] == 3


def test_a_quotation_mark_inside_a_cell_is_read_and_noted() -> None:
    assert read('a,b\n"5" pipe,x\ny,z\n')[0][1][1] == ['"5" pipe', "x"]
    lines, notes, _dialect = read('a,b\n"5" pipe,x\n"y, y",z\n')
    assert lines[2][1] == ["y, y", "z"]
    assert [note.origin and note.origin.line for note in notes] == [2]


def test_a_mark_never_closed_is_named_even_after_a_stray_one() -> None:
    with pytest.raises(UnclosedQuote) as caught:
        read('a,b\n"5" pipe,x\n"y,z\n')
    assert caught.value.values["line"] == 3


def test_a_cell_without_end_is_refused() -> None:
    with pytest.raises(CellTooLong) as caught:
        read("a,b\n1,2\n3," + "x" * (MAX_CELL + 1) + "\n")
    assert caught.value.values["line"] == 3


def test_single_quotes_around_cells_are_seen() -> None:
    lines, _notes, dialect = read("'q','a'\n'it','x, y'\n'b','c'\n")
    assert (lines[1][1], dialect.quote) == (["it", "x, y"], "'")
    assert read("q,a\n'tis,so\n'twas,so\n")[0][1][1] == ["'tis", "so"]


def test_quotation_marks_of_a_table_that_quotes_nothing_are_text() -> None:
    lines, _notes, dialect = read('a\tb\n"He said\tyes\nShe "did"\t"no\n')
    assert ([cells for _line, cells in lines[1:]], dialect.quote) == ([['"He said', "yes"], ['She "did"', '"no']], "")


def test_the_mark_can_be_chosen() -> None:
    found = read_table(b'a,b\n"x",y\n', "a.csv", quote="")
    assert found.rows == [['"x"', "y"]]
    assert "part of the text" in found.evidence[1].text()


def test_a_backslash_that_escapes_nothing_is_kept() -> None:
    found = read_table(b'path,n\nC:\\new\\, old,1\nD:\\x,2\n"say \\"a, b\\" now",3\n', "a.csv")
    assert [row[0] for row in found.rows] == ["C:\\new, old", "D:\\x", 'say "a, b" now']


@pytest.mark.parametrize("delimiter", ["||", '"', "\n", ""])
def test_a_delimiter_that_can_not_be_one_is_refused(delimiter: str) -> None:
    with pytest.raises(UnreadableFile):
        read("a,b\n1,2\n", delimiter)


def test_a_name_that_promises_tabs_is_believed_when_the_header_has_one() -> None:
    found = read_table(b"a\tb\n1\t2\t3\n4\n", "a.tsv")
    assert (found.columns, found.rows) == (["a", "b"], [["4", ""]])
    assert len(found.notes) == 2
