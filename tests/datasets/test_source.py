"""A source gives the same rows however it is cut, in place or from a spool, and names every line that holds none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.datasets import source as module
from lib.datasets.errors import BrokenJson, EmptyFile, JobListing
from lib.datasets.jsonl import BrokenLine
from lib.datasets.source import Source, SourceRow, chunks, open_source, read_chunk
from lib.datasets.table import Origin

CHAT = [
    {"messages": [{"role": "user", "content": f"问{n}"}, {"role": "assistant", "content": "答"}]} for n in range(50)
]


def opened(folder: Path, data: bytes, name: str = "a.jsonl", **how: str) -> Source:
    path = folder / "file"
    path.write_bytes(data)
    return open_source(path, name, folder / "spools", **how)


def rows(source: Source, size: int = 2**20) -> list[SourceRow | BrokenLine]:
    return [row for chunk in chunks(source, size) for row in read_chunk(chunk)]


def lines(records: list[object]) -> bytes:
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records).encode()


def test_json_lines_are_read_where_they_lie(tmp_path: Path) -> None:
    source = opened(tmp_path, lines([*CHAT]))
    assert (source.kind, source.path, source.rows) == ("objects", tmp_path / "file", 50)
    assert source.table.shape == "chat"
    assert not (tmp_path / "spools").exists()
    assert rows(source)[1] == SourceRow(1, Origin(2), {"messages": CHAT[1]["messages"]})


def test_any_other_file_is_read_once_into_a_spool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = opened(tmp_path, "问题;回答\n一;二\n三;四\n".encode("gb18030"), "a.csv", encoding="gb18030")
    assert (source.kind, source.rows, source.table.columns) == ("cells", 2, ["问题", "回答"])
    assert rows(source)[1] == SourceRow(1, Origin(3), {"问题": "三", "回答": "四"})
    monkeypatch.setattr(module, "spool", None)
    assert rows(open_source(tmp_path / "file", "a.csv", tmp_path / "spools", encoding="gb18030")) == rows(source)


def test_json_lines_in_another_encoding_are_spooled(tmp_path: Path) -> None:
    source = opened(tmp_path, lines([{"prompt": "问", "completion": "答"}] * 3).decode().encode("utf-16"))
    assert (source.kind, source.table.encoding) == ("cells", "utf-16")
    assert [row.fields for row in rows(source) if isinstance(row, SourceRow)] == [
        {"prompt": "问", "completion": "答"}
    ] * 3


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=30), min_size=2), st.integers(1, 200))
def test_rows_are_the_same_however_a_file_is_cut(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], size: int
) -> None:
    folder = tmp_path_factory.mktemp("cut")
    module.READ, kept = 16, module.READ
    try:
        source = opened(folder, lines([{"text": text} for text in texts]).rstrip(b"\n"))
        found = rows(source, size)
    finally:
        module.READ = kept
    assert found == [SourceRow(n, Origin(n + 1), {"text": text}) for n, text in enumerate(texts)]
    assert source.rows == len(texts)


def test_a_file_of_broken_lines_alone_is_refused_with_the_first_of_them(tmp_path: Path) -> None:
    with pytest.raises(BrokenJson) as refused:
        opened(tmp_path, b'{"prompt": "a \\ud800", "completion": "b"}\n' * 12)
    assert refused.value.values["line"] == 1


def test_a_broken_line_is_named_and_leaves_the_numbers_of_the_others_alone(tmp_path: Path) -> None:
    found = rows(opened(tmp_path, b'{"a": "1"}\n{"a": \n\n{"a": "1", "a": "2"}\n{"a": "5"}\r\n{"a": "6"}\n{"a": "7"}'))
    assert [row.row for row in found if isinstance(row, SourceRow)] == [0, 4, 5, 6]
    assert [row.line for row in found if isinstance(row, BrokenLine)] == [2, 4]


def test_a_stray_byte_far_into_a_large_file_breaks_its_line_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "HEAD_BYTES", 100)
    monkeypatch.setattr(module, "GLANCE", 30)
    found = rows(opened(tmp_path, lines([{"a": "1"}] * 50) + b'{"a": "\xff"}\n' + lines([{"a": "1"}] * 50)))
    assert [(row.line, row.column) for row in found if isinstance(row, BrokenLine)] == [(51, 8)]


def test_a_mark_at_the_start_is_no_part_of_the_first_row(tmp_path: Path) -> None:
    source = opened(tmp_path, b"\xef\xbb\xbf" + lines([{"a": "1"}, {"a": "2"}]))
    assert [row.fields for row in rows(source) if isinstance(row, SourceRow)] == [{"a": "1"}, {"a": "2"}]


def test_line_separators_of_unicode_end_no_line(tmp_path: Path) -> None:
    assert len(rows(opened(tmp_path, lines([{"a": "x\u2028y"}, {"a": "\x85"}])))) == 2


def test_a_line_too_long_to_read_is_passed_over_and_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_LINE", 1000)
    source = opened(tmp_path, lines([{"a": "1"}, {"a": "x" * 5000}, {"a": "3"}]))
    found = rows(source)
    assert isinstance(found[1], BrokenLine)
    assert found[1].detail == module.TOO_LONG
    assert [row.row for row in found if isinstance(row, SourceRow)] == [0, 2]


def test_a_document_of_json_is_no_json_lines(tmp_path: Path) -> None:
    source = opened(tmp_path, json.dumps({"data": CHAT}, indent=1).encode(), "a.json")
    assert (source.kind, source.rows) == ("cells", 50)


@pytest.mark.parametrize(
    ("data", "refusal"),
    [(b"", EmptyFile), (lines([{"id": "ft-abc", "object": "fine-tune"}] * 2), JobListing)],
)
def test_what_is_no_dataset_is_refused(tmp_path: Path, data: bytes, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        opened(tmp_path, data)
