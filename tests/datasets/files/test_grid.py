from __future__ import annotations

import pytest

from lib.datasets.errors import EmptyFile, TooManyColumns
from lib.datasets.files.dialect import Line
from lib.datasets.files.grid import read_grid
from lib.datasets.files.reading import collect
from lib.datasets.table import Table


def read(lines: list[Line], header: int | None = None) -> Table:
    return collect(read_grid(lines, "a.csv", header=header))


def numbered(*rows: str) -> list[Line]:
    return [(line, row.split(",")) for line, row in enumerate(rows, start=1)]


def test_blank_rows_are_skipped_and_named() -> None:
    grid = read(numbered("a,b", "1,2", " ,", "3,4", ""))
    assert grid.rows == [["1", "2"], ["3", "4"]]
    assert grid.notes[0].values == {"n": 2, "lines": "3, 5"}


def test_blank_rows_above_the_header_are_skipped() -> None:
    assert read(numbered("", ",", "a,b", "1,2")).columns == ["a", "b"]


def test_a_title_above_the_header_is_skipped_and_named() -> None:
    grid = read(numbered("All our products", "a,b", "1,2", "3,4"))
    assert (grid.columns, len(grid.rows), len(grid.notes)) == (["a", "b"], 2, 1)


def test_a_short_row_is_filled_up_and_a_long_one_left_out_both_named() -> None:
    grid = read(numbered("a,b,c", "1,2", "1,2,3,4", "1,2,3,,"))
    assert grid.rows == [["1", "2", ""], ["1", "2", "3"]]
    assert [origin.line for origin in grid.origins] == [2, 4]
    assert [note.values["lines"] for note in grid.notes] == ["2", "3"]


def test_an_unnamed_column_that_holds_something_is_kept_under_a_number() -> None:
    grid = read(numbered(",a,", "0,x,remark", "1,y,"))
    assert grid.columns == ["#1", "a", "#3"]


def test_columns_of_one_name_are_told_apart() -> None:
    grid = read(numbered("id,id,id (2),id", "1,2,3,4"))
    assert len(set(grid.columns)) == 4
    assert grid.rows == [["1", "2", "3", "4"]]


def test_numbers_on_top_are_data_and_not_names() -> None:
    grid = read(numbered("1,2", "3,4"))
    assert (grid.columns, len(grid.rows)) == (["#1", "#2"], 2)
    assert grid.notes


@pytest.mark.parametrize(("header", "rows"), [(True, 1), (False, 2)])
def test_what_the_user_says_about_the_header_is_obeyed(header: bool, rows: int) -> None:
    assert len(read(numbered("a,b", "1,2"), header=header).rows) == rows


def test_nothing_at_all_is_refused() -> None:
    with pytest.raises(EmptyFile):
        read(numbered("", ","))


def test_too_many_columns_are_refused() -> None:
    with pytest.raises(TooManyColumns):
        read(numbered(",".join(f"c{n}" for n in range(1001)), "1"))
