from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.datasets.errors import (
    BinaryFile,
    DatasetError,
    EmptyFile,
    JobListing,
    NoRows,
    ResultFile,
    TooManyRows,
    UnsupportedFile,
)
from lib.datasets.files import grid
from lib.datasets.files.readers import read_table, shown_name


@pytest.mark.parametrize(
    ("name", "data", "format"),
    [
        ("a.csv", b"a,b\n1,x\n", "csv"),
        ("a.tsv", b"a\tb\n1\tx\n", "tsv"),
        ("a.csv", b"a\tb\n1\tx\n2\ty\n", "tsv"),
        ("a.json", b'[{"a": 1}]', "json"),
        ("a.json", b'{"a": 1}\n{"a": 2}\n', "jsonl"),
        ("a.jsonl", b'{"a": 1}\n{"a": 2}\n', "jsonl"),
        ("a.csv", b'{"a": 1}\n{"a": 2}\n', "jsonl"),
        ("a.txt", b'{"a": 1}\n{"a": 2}\n', "jsonl"),
        ("a.yml", b"- {a: 1}\n", "yaml"),
        ("a.txt", b"Hello, you.\nHello, me.\n", "txt"),
        ("export", b"a;b\n1;x\n2;y\n", "csv"),
        ("export.dat", b"- a: 1\n- a: 2\n", "yaml"),
        ("export", b"just a line\n", "txt"),
        ("old.xls", b"a\tb\n1\tx\n2\ty\n", "tsv"),
    ],
)
def test_the_content_says_what_a_file_is(name: str, data: bytes, format: str) -> None:
    assert read_table(data, name).format == format


def test_what_was_detected_is_told_and_can_be_overridden() -> None:
    data = "a;b\nx;é\n".encode("latin-1")
    found = read_table(data, "a.csv")
    assert (found.encoding, found.delimiter) == ("cp1252", ";")
    told = " ".join(note.text() for note in found.evidence)
    assert "Windows-1252" in told
    assert "1 rows, 0 undecodable" in told
    other = read_table(data, "a.csv", encoding="latin-1", delimiter=",", header=False)
    assert (other.encoding, other.delimiter, len(other.rows)) == ("latin-1", ",", 2)


@pytest.mark.parametrize("data", [b"", b"\xef\xbb\xbf", b" \r\n\t\n"])
def test_an_empty_file_is_refused(data: bytes) -> None:
    with pytest.raises(EmptyFile):
        read_table(data, "a.csv")


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"BZh91AY&SY\x0e\x9f", "bzip2"),
        (b"\x80\x04\x95rest", "pickle"),
        (b"%PDF-1.7", "PDF"),
        (b"PAR1\x15\x04\x15", "Parquet"),
    ],
)
def test_a_file_of_another_kind_is_named_whatever_it_is_called(data: bytes, kind: str) -> None:
    with pytest.raises(UnsupportedFile, match=kind):
        read_table(data, "a.csv")


def test_a_header_alone_is_refused() -> None:
    with pytest.raises(NoRows):
        read_table(b"a,b\n", "a.csv")


def test_binary_data_is_refused() -> None:
    with pytest.raises(BinaryFile):
        read_table(b"\x00\x01\x02\x03" * 500 + b"\xff", "a.csv")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\..\\data.csv", "data.csv"),
        ("a\0b\n.csv", "ab.csv"),
        ("\u202egnp.csv", "gnp.csv"),
        ("\udce9a.csv", "a.csv"),
        ("..", ".."),
        ("/", "file"),
        ("x" * 300 + ".csv", "x" * 116 + ".csv"),
    ],
)
def test_a_name_is_shown_without_folders_and_controls(name: str, shown: str) -> None:
    assert shown_name(name) == shown
    with pytest.raises(EmptyFile) as caught:
        read_table(b"", name)
    assert shown in str(caught.value)


RESULTS = [
    b"step,train_loss,train_accuracy,valid_loss,valid_mean_token_accuracy\n1,0.5,0.9,,\n",
    b"step,elapsed_tokens,elapsed_examples,training_loss,training_sequence_accuracy,training_token_accuracy\n1,9,1,1,0,0\n",
    b"c3RlcCx0cmFpbl9sb3NzLHRyYWluX2FjY3VyYWN5CjEsMC41LDAuOQoyLDAuNCwwLjkK",
]


@pytest.mark.parametrize("data", RESULTS)
def test_a_result_file_is_sent_to_its_page(data: bytes) -> None:
    with pytest.raises(ResultFile) as caught:
        read_table(data, "step_metrics.csv")
    assert "Results" in caught.value.explain().todo


@pytest.mark.parametrize("id", ["ft-AF1WoRqd3aJAHsqc9NY7iL8F", "ftjob-abc123"])
def test_a_listing_of_jobs_is_recognised(id: str) -> None:
    data = f'{{"object": "list", "data": [{{"object": "fine_tuning.job", "id": "{id}", "model": "curie"}}]}}'
    with pytest.raises(JobListing):
        read_table(data.encode(), "jobs.json")


def test_a_dataset_with_a_column_named_step_is_still_a_dataset() -> None:
    assert read_table(b"step,prompt,completion\n1,a,b\n", "a.csv").shape == "completion"


@settings(max_examples=150, deadline=None)
@given(
    st.binary(max_size=300), st.sampled_from(["a.csv", "a.tsv", "a.json", "a.jsonl", "a.yaml", "a.txt", "a", "a.xls"])
)
def test_no_bytes_whatever_end_in_anything_but_a_table_or_a_refusal(data: bytes, name: str) -> None:
    try:
        found = read_table(data, name)
    except DatasetError:
        return
    assert found.rows
    assert len(found.rows) == len(found.origins)
    assert all(len(row) == len(found.columns) for row in found.rows)


def test_the_memory_for_many_columns_is_never_taken(workbook: Callable[..., bytes]) -> None:
    wide = [[f"c{n}" for n in range(5000)], ["x"] * 5000]
    for data, name in ((workbook({"s": wide}), "a.xlsx"), (",".join(wide[0]).encode() + b"\nx\n", "a.csv")):
        with pytest.raises(DatasetError, match="5000 columns"):
            read_table(data, name)


@pytest.mark.parametrize(
    ("name", "data"), [("a.csv", b"1,2\n"), ("a.jsonl", b"{}\n"), ("a.txt", b"x\n"), ("a.csv", b"\n")]
)
def test_more_rows_than_anybody_needs_are_refused(monkeypatch: pytest.MonkeyPatch, name: str, data: bytes) -> None:
    monkeypatch.setattr(grid, "MAX_ROWS", 500)
    with pytest.raises(TooManyRows):
        read_table(data * 501 + b"1,2\n", name)
