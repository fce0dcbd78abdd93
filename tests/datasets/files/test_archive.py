from __future__ import annotations

import gzip
import os
from collections.abc import Callable, Sequence

import pytest

from lib.datasets.errors import BrokenArchive, EmptyFile, ManyFiles, NestedArchive, UnpacksTooLarge, UnsupportedFile
from lib.datasets.files import archive as archive_module
from lib.datasets.files.readers import read_table
from lib.datasets.table import Origin

CSV = b'prompt,completion\na,"b\nc"\nd,e\n'
Archive = Callable[[dict[str, bytes]], bytes]


def test_a_gzip_file_is_read_as_what_is_packed_in_it() -> None:
    found = read_table(gzip.compress(CSV), "data.csv.gz")
    assert (found.name, found.format, found.rows) == ("data.csv.gz", "csv", [["a", "b\nc"], ["d", "e"]])
    assert found.origins == [Origin(2), Origin(4)]
    assert "Unpacked from data.csv.gz: data.csv" in found.evidence[0].text()


def test_a_zip_archive_of_one_file_is_read_whatever_a_mac_adds(archive: Archive) -> None:
    data = archive(
        {"out/": b"", "out/数据.tsv": CSV.replace(b",", b"\t"), "__MACOSX/out/._数据.tsv": b"x", ".DS_Store": b"y"}
    )
    found = read_table(data, "data.zip")
    assert (found.format, len(found.rows)) == ("tsv", 2)
    assert "数据.tsv" in found.evidence[0].text()


@pytest.mark.parametrize(
    ("inside", "format"), [("a.jsonl", "jsonl"), ("a.yaml", "yaml"), ("a.txt", "txt"), ("a.json", "json")]
)
def test_the_name_inside_says_the_kind(archive: Archive, inside: str, format: str) -> None:
    content = {"jsonl": b'{"a": 1}\n{"a": 2}\n', "yaml": b"- a: 1\n", "txt": b"a,b\nc,d\n", "json": b'[{"a": 1}]'}[
        format
    ]
    assert read_table(archive({inside: content}), "a.zip").format == format
    assert read_table(gzip.compress(content), inside + ".gz").format == format


def test_a_workbook_stays_a_workbook_packed_or_not(
    workbook: Callable[[dict[str, Sequence[Sequence[str]]]], bytes],
) -> None:
    data = workbook({"s": [["a", "b"], ["1", "2"]]})
    for packed in (data, gzip.compress(data)):
        assert read_table(packed, "a.xlsx").format == "xlsx"


def test_several_files_are_refused_by_name(archive: Archive) -> None:
    with pytest.raises(ManyFiles, match=r"2 files \(train\.csv, valid\.csv\)"):
        read_table(archive({"train.csv": CSV, "valid.csv": CSV}), "a.zip")


def test_an_archive_inside_an_archive_is_refused(archive: Archive) -> None:
    inner = gzip.compress(CSV)
    for data in (gzip.compress(inner), archive({"a.csv.gz": inner}), archive({"a.zip": archive({"a.csv": CSV})})):
        with pytest.raises(NestedArchive):
            read_table(data, "a.gz")


def test_nothing_packed_is_an_empty_file(archive: Archive) -> None:
    for data in (archive({}), archive({"a.csv": b""}), gzip.compress(b""), gzip.compress(b" \n")):
        with pytest.raises(EmptyFile):
            read_table(data, "a.zip")


def test_what_it_unpacks_to_is_limited_whatever_the_archive_says(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive_module, "MAX_UNPACKED", 1000)
    lying = archive({"a.csv": b"x" * 5000}).replace((5000).to_bytes(4, "little"), (50).to_bytes(4, "little"))
    for data in (gzip.compress(b"x" * 5000), archive({"a.csv": b"x" * 5000})):
        with pytest.raises(UnpacksTooLarge):
            read_table(data, "a.csv.gz")
    with pytest.raises(BrokenArchive):
        read_table(lying, "a.zip")


def test_broken_archives_are_refused() -> None:
    for data in (gzip.compress(os.urandom(3000))[:2000], b"PK\x03\x04rest", b"\x1f\x8b\x08\x00rest"):
        with pytest.raises(BrokenArchive):
            read_table(data, "a.csv")


@pytest.mark.parametrize(
    ("part", "kind"), [("word/document.xml", "DOCX"), ("mimetype", "ODS"), ("archive/data.pkl", "PyTorch")]
)
def test_other_files_that_are_archives_are_called_what_they_are(archive: Archive, part: str, kind: str) -> None:
    with pytest.raises(UnsupportedFile, match=kind):
        read_table(archive({part: b"<a/>", "other": b"x"}), "a.xlsx")


def test_a_name_that_chinese_windows_wrote_is_read(archive: Archive) -> None:
    data = archive({"xxxx.csv": CSV}).replace(b"xxxx", "数据".encode("gbk"))
    assert "数据.csv" in read_table(data, "a.zip").evidence[0].text()
