from __future__ import annotations

from pathlib import Path

from lib.datasets.files import spool_file
from lib.datasets.files.reading import Reading
from lib.datasets.files.records import Scalar
from lib.datasets.files.spool_file import open_spool, rows_of, table_of, write_spool
from lib.datasets.table import Cell, Note, Origin


def reading(*rows: list[Cell], columns: str = "a b") -> Reading:
    origins = (Origin(line, "数据") for line in range(2, 99))
    return Reading(
        columns.split(), zip(origins, rows, strict=False), "csv", name="x.csv", sheet="数据", sheets=["数据"]
    )


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    made = reading(["NA", [{"role": "user"}]], ["\u2028\n", ""])
    made.notes.append(Note("Line {line}", {"line": 3}, Origin(3)))
    made.evidence.append(Note("{rows} rows, {columns} columns", {"rows": 0, "columns": 0}))
    assert write_spool(tmp_path / "spool", made) == 2
    found = open_spool(tmp_path / "spool")
    assert [(origin.line, origin.sheet, cells) for origin, cells in rows_of(found)] == [
        (2, "数据", ["NA", [{"role": "user"}]]),
        (3, "数据", ["\u2028\n", ""]),
    ]
    assert (found.notes, found.evidence[0].text()) == (made.notes, "2 rows, 2 columns")
    assert (tmp_path / "spool").read_bytes().count(b"\n") == 3


def test_a_row_that_is_too_short_is_filled_up(tmp_path: Path) -> None:
    write_spool(tmp_path / "spool", reading(["x"], ["y", "z"]))
    assert table_of(open_spool(tmp_path / "spool")).rows == [["x", ""], ["y", "z"]]
    assert table_of(open_spool(tmp_path / "spool"), rows=1).rows == [["x", ""]]


def test_a_number_stays_a_number_that_is_text(tmp_path: Path) -> None:
    write_spool(tmp_path / "spool", reading([Scalar("1.50"), "1.50"], [Scalar("true"), "true"]))
    found = table_of(open_spool(tmp_path / "spool")).rows
    assert [[type(cell) for cell in row] for row in found] == [[Scalar, str]] * 2
    assert found[1] == ["true", "true"]


def test_a_long_header_moves_the_rows(tmp_path: Path) -> None:
    columns = " ".join(f"c{n}" for n in range(spool_file.ROOM // 4))
    rows: list[list[Cell]] = [[str(n)] for n in range(50)]
    write_spool(tmp_path / "spool", reading(*rows, columns=columns))
    found = open_spool(tmp_path / "spool")
    assert len(found.columns) == spool_file.ROOM // 4
    assert [cells[0] for _origin, cells in rows_of(found)] == [str(n) for n in range(50)]
