"""Any service's result file becomes one table; anything else is refused with its reason."""

from __future__ import annotations

import base64
import csv
import json
import math
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lib.errors import TuneboardError
from lib.results.columns import METRICS
from lib.results.errors import (
    BrokenJsonFile,
    BrokenResultRow,
    BrokenResultValue,
    EmptyResultFile,
    NotAResultFile,
    NotText,
)
from lib.results.metrics import parse_result_file, remarks, to_csv

CURRENT = b"step,train_loss,train_accuracy,valid_loss,valid_mean_token_accuracy\n1,2.5,0.25,,\n2,1.5,0.5,1.75,0.5\n"
LEGACY = b"step,elapsed_tokens,elapsed_examples,training_loss,training_sequence_accuracy,training_token_accuracy"


def notes(table: pd.DataFrame) -> str:
    return " ".join(note.text() for note in remarks(table))


def column(table: pd.DataFrame, name: str) -> list[float | None]:
    return [None if math.isnan(value) else value for value in table[name]]


def test_current_columns() -> None:
    table = parse_result_file(CURRENT)
    assert tuple(table.columns) == METRICS
    assert column(table, "step") == [1, 2]
    assert column(table, "train_loss") == [2.5, 1.5]
    assert column(table, "train_accuracy") == [0.25, 0.5]
    assert column(table, "valid_loss") == [None, 1.75]
    assert column(table, "valid_accuracy") == [None, 0.5]
    assert notes(table) == ""


def test_newer_columns_beside_the_current_ones() -> None:
    header = "step,train_loss,train_mean_token_accuracy,valid_loss,full_valid_loss,full_valid_mean_token_accuracy"
    table = parse_result_file(f"{header}\n1,2,0.5,3,4,0.75\n".encode())
    assert table.iloc[0][["train_accuracy", "full_valid_loss", "full_valid_accuracy"]].tolist() == [0.5, 4, 0.75]


def test_azure_says_minus_one_for_missing() -> None:
    table = parse_result_file(
        b"step,train_loss,train_mean_token_accuracy,valid_loss,validation_mean_token_accuracy\n"
        b"1,2.0,0.5,-1,-1.0\n2,1.0,0.6,1.5,0.55\n"
    )
    assert column(table, "valid_loss") == [None, 1.5]
    assert column(table, "valid_accuracy") == [None, 0.55]
    assert "valid_loss: -1 was read as missing" in notes(table)


def test_legacy_columns_with_validation_and_classification() -> None:
    more = b",validation_loss,validation_token_accuracy,classification/accuracy,classification/f1.0"
    table = parse_result_file(LEGACY + more + b"\n1,625,1,0.88,0.0,0.75,0.9,0.7,,\n2,1258,2,0.8,0.0,0.78,,,0.9,0.8\n")
    assert column(table, "train_loss") == [0.88, 0.8]
    assert column(table, "valid_accuracy") == [0.7, None]
    assert column(table, "classification/f1.0") == [None, 0.8]
    assert column(table, "elapsed_tokens") == [625, 1258]


def test_legacy_columns_alone() -> None:
    table = parse_result_file(LEGACY + b"\n1,625,1,0.88,0.0,0.75\n")
    assert column(table, "train_accuracy") == [0.75]
    assert column(table, "training_sequence_accuracy") == [0.0]


def test_a_trainers_log_with_training_and_evaluation_in_rows_of_their_own() -> None:
    table = parse_result_file(b"step,loss,mean_token_accuracy,eval_loss,eval_mean_token_accuracy,epoch\n"
                              b"10,2.0,0.4,,,1\n10,,,1.9,0.5,1\n20,1.5,0.6,,,2\n")  # fmt: skip
    assert column(table, "step") == [10, 20]
    assert column(table, "train_loss") == [2.0, 1.5]
    assert column(table, "valid_loss") == [1.9, None]
    assert "joined" in notes(table)


def test_classification_alone_is_a_result_file() -> None:
    assert column(parse_result_file(b"step,classification/weighted_f1_score\n1,0.5\n"), "train_loss") == [None]


@pytest.mark.parametrize(
    "wrap", [base64.b64encode, base64.encodebytes, lambda data: b'"' + base64.b64encode(data) + b'"']
)
def test_base64_is_unwrapped(wrap: object) -> None:
    assert callable(wrap)
    pd.testing.assert_frame_equal(parse_result_file(wrap(CURRENT)), parse_result_file(CURRENT))


@pytest.mark.parametrize("length", range(-12, 0))
def test_base64_that_was_cut_off_still_gives_the_whole_lines(length: int) -> None:
    assert column(parse_result_file(base64.b64encode(CURRENT)[:length]), "step")[:1] == [1]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_is_no_part_of_the_first_name(encoding: str) -> None:
    assert column(parse_result_file(CURRENT.decode().encode(encoding)), "step") == [1, 2]


@pytest.mark.parametrize("delimiter", [b"\t", b";"])
def test_tabs_and_semicolons_separate_too(delimiter: bytes) -> None:
    assert column(parse_result_file(CURRENT.replace(b",", delimiter)), "valid_loss") == [None, 1.75]


@pytest.mark.parametrize("newline", [b"\r\n", b"\r", b"\n\n", b",\n"])
def test_line_ends_blank_lines_and_commas_at_the_end_do_no_harm(newline: bytes) -> None:
    assert column(parse_result_file(CURRENT.replace(b"\n", newline)), "valid_loss") == [None, 1.75]


def test_columns_in_any_order_and_case() -> None:
    table = parse_result_file(b" Train_Loss ,STEP\n1.5,2\n2.5,1\n")
    assert column(table, "train_loss") == [2.5, 1.5]
    assert tuple(table.columns) == METRICS


@pytest.mark.parametrize("cut", ["3,1.2", "3,1.2,0.6,1.7", "3,1.2,0.6,1.7,0.", "3,1.2,0.6,1.7,1e-"])
def test_a_last_line_that_was_cut_off_is_left_out_and_said(cut: str) -> None:
    table = parse_result_file(CURRENT + cut.encode())
    assert column(table, "step") == [1, 2]
    assert "Line 4" in notes(table)


def test_a_whole_last_line_without_its_end_counts() -> None:
    assert column(parse_result_file(CURRENT.rstrip()), "step") == [1, 2]


def test_a_short_line_is_filled_up_and_said() -> None:
    table = parse_result_file(CURRENT.replace(b"1,2.5,0.25,,", b"1,2.5"))
    assert column(table, "train_accuracy") == [None, 0.5]
    assert "line 2" in notes(table)


def test_a_header_alone_is_an_empty_table() -> None:
    for data in (CURRENT.splitlines()[0], CURRENT.splitlines(keepends=True)[0]):
        assert parse_result_file(data).empty


def test_nan_null_and_blank_are_missing_and_the_step_of_a_nan_loss_is_kept() -> None:
    table = parse_result_file(b"step,train_loss,valid_loss\n1,2,null\n2,NaN,N/A\n3,nan, \n")
    assert column(table, "train_loss") == [2, None, None]
    assert column(table, "valid_loss") == [None, None, None]
    assert table.attrs["nan_step"] == 2


def test_a_blank_loss_is_not_a_nan_loss() -> None:
    assert parse_result_file(b"step,train_loss\n1,2\n2,\n").attrs["nan_step"] is None


def test_rows_without_a_step_column_are_numbered_and_said() -> None:
    table = parse_result_file(b"train_loss\n2\n1\n")
    assert column(table, "step") == [1, 2]
    assert "numbered" in notes(table)


def test_rows_without_a_step_are_left_out_and_said() -> None:
    table = parse_result_file(b"step,train_loss\n1,2\n,1\ninf,1\n")
    assert column(table, "step") == [1]
    assert "2 rows" in notes(table)


def test_text_beside_the_metrics_is_left_out_and_said() -> None:
    table = parse_result_file(b"step,train_loss,host\n1,2,node-a\n")
    assert "host" not in table
    assert "host" in notes(table)


def test_names_that_come_twice_are_told_apart() -> None:
    table = parse_result_file(b"step,train_loss,training_loss,train_loss,,epoch\n1,2,3,4,5,6\n")
    assert list(table.columns[len(METRICS) :]) == ["training_loss", "train_loss (2)", "column 5", "epoch"]
    assert column(table, "train_loss") == [2]
    assert column(table, "train_loss (2)") == [4]


@pytest.mark.parametrize("data", [b"", b"  \n\n", b"\xef\xbb\xbf", b"\xff\xfe"])
def test_an_empty_file_is_refused(data: bytes) -> None:
    with pytest.raises(EmptyResultFile, match=r"a\.csv is empty"):
        parse_result_file(data, "a.csv")


@pytest.mark.parametrize(
    "data", [b"PK\x03\x04\x00\x00\xff\xfe\x80", b"step,train_loss\n1,\x00\n", "损失".encode("gb18030")]
)
def test_bytes_that_are_no_text_are_refused(data: bytes) -> None:
    with pytest.raises(NotText):
        parse_result_file(data)


@pytest.mark.parametrize(
    "data",
    [b"prompt,completion\na,b\n", b'{"messages": []}\n', b"step,note\n1,a\n", b"hello", b"step", b",,,"],
)
def test_a_table_of_something_else_is_refused(data: bytes) -> None:
    with pytest.raises(NotAResultFile):
        parse_result_file(data)


def test_a_word_that_happens_to_be_base64_is_a_word() -> None:
    assert parse_result_file(b"loss").empty


def test_a_refusal_tells_what_why_and_what_to_do() -> None:
    with pytest.raises(NotAResultFile) as caught:
        parse_result_file(b"prompt,completion\na,b\n", "mine.csv")
    told = caught.value.explain()
    assert "mine.csv" in told.what
    assert "prompt, completion" in told.what
    assert told.why
    assert "Data page" in told.todo


def test_a_value_that_is_no_number_is_named_with_its_line_and_column() -> None:
    with pytest.raises(BrokenResultValue, match="line 3, column training_loss: 1_5 is not a number"):
        parse_result_file(b"step,training_loss\n1,2\n2,1_5\n3,1\n")


def test_a_line_with_too_many_values_is_named() -> None:
    with pytest.raises(BrokenResultRow, match="line 3"):
        parse_result_file(b"step,train_loss\n1,2\n2,3,4\n")


@pytest.mark.parametrize("limit", [131_072, 10_000_000])
def test_a_quoted_field_that_never_ends_is_refused(limit: int, request: pytest.FixtureRequest) -> None:
    before = csv.field_size_limit(limit)
    request.addfinalizer(lambda: csv.field_size_limit(before))
    with pytest.raises(BrokenResultRow):
        parse_result_file(b'step,train_loss\n1,"' + b"9" * 200_000)


def test_real_result_files_are_read(realdata: Path) -> None:
    shapes = {}
    for file in sorted(realdata.glob("results_*/*.csv")):
        table = parse_result_file(file.read_bytes(), file.name)
        shapes[file.name] = len(table)
        assert table["step"].tolist() == list(range(1, len(table) + 1))
        assert table["train_loss"].notna().all()
        pd.testing.assert_frame_equal(parse_result_file(to_csv(table)), table)
    assert {"bpt_rwd_step_metrics.csv": 99, "bpt_rwd_step_metrics.b64.csv": 99}.items() <= shapes.items()
    assert shapes["ultraman_ft-3oxkr1zB_compiled_results.csv"] == 464 * 4 + 1


def test_real_files_of_other_kinds_are_refused_by_name(realdata: Path) -> None:
    others = [f for f in realdata.glob("*/*") if not f.parent.name.startswith("results_") and f.is_file()]
    assert others
    for file in others:
        with pytest.raises((NotAResultFile, NotText, EmptyResultFile)):
            parse_result_file(file.read_bytes(), file.name)


def test_a_saved_list_of_events_is_read() -> None:
    events = [
        {"id": "e2", "type": "metrics", "data": {"step": 2, "train_loss": 1.5, "full_valid_loss": 1.7}},
        {"id": "e1", "created_at": 1, "data": {"step": 1, "train_loss": 2.5}, "message": "Step 1"},
        {"id": "e0", "message": "started", "data": {}},
    ]
    for text in (json.dumps({"object": "list", "data": events}), "\n".join(map(json.dumps, events))):
        table = parse_result_file(text.encode())
        assert column(table, "step") == [1, 2]
        assert column(table, "full_valid_loss") == [None, 1.7]


def test_saved_checkpoints_are_read() -> None:
    point = {"object": "fine_tuning.job.checkpoint", "created_at": 5, "step_number": 40, "metrics": {"valid_loss": 1.5}}
    table = parse_result_file(json.dumps({"data": [point]}).encode())
    assert column(table, "step") == [40]
    assert column(table, "valid_loss") == [1.5]
    assert "created_at" not in table


def test_a_metrics_endpoints_series_are_numbered_and_laid_beside_each_other() -> None:
    series = [
        {"metric_name": "ev_loss", "data": [{"value": 3}, {"value": 2}]},
        {"metric_name": "ev_eval_loss", "data": [{"value": 2.5, "step": 2}]},
    ]
    table = parse_result_file(json.dumps({"metrics": series}).encode())
    assert column(table, "train_loss") == [3, 2]
    assert column(table, "valid_loss") == [None, 2.5]


def test_json_lines_that_were_cut_off_give_the_whole_ones_and_broken_ones_are_named() -> None:
    lines = b'{"step": 1, "loss": 2}\n{"step": 2, "loss": 1}\n{"step": 3, "lo'
    assert column(parse_result_file(lines), "train_loss") == [2, 1]
    with pytest.raises(BrokenJsonFile, match="line 2"):
        parse_result_file(b'{"step": 1, "loss": 2}\n{"step"\n{"step": 2, "loss": 1}\n')


def test_json_nested_without_end_or_with_endless_numbers_is_no_crash() -> None:
    with pytest.raises(BrokenJsonFile):
        parse_result_file(b"[" * 100_000)
    assert column(parse_result_file(b'{"step": 1, "loss": %s}' % (b"9" * 20_000)), "step") == [1]
    half = parse_result_file(b'{"step": 1, "loss": 2, "\\ud800 x": 3}')
    assert parse_result_file(to_csv(half))["train_loss"].tolist() == [2]


names = st.sampled_from([*METRICS, "training_loss", "classification/accuracy", "epoch", "host", "", "=x", '"'])
cells = st.one_of(
    st.sampled_from(["", "-1", "nan", "inf", "1e400", "1_0", "null", " 2 ", '"', "x", "9" * 400, "0x1", "１"]),
    st.floats().map(repr),
    st.integers(-5, 2**70).map(str),
)
tables = st.builds(
    lambda header, rows, joiner, end: end.join(joiner.join(row) for row in [header, *rows]).encode(
        "utf-8", "surrogatepass"
    ),
    st.lists(names, min_size=1, max_size=6),
    st.lists(st.lists(cells, max_size=6), max_size=8),
    st.sampled_from([",", ";", "\t"]),
    st.sampled_from(["\n", "\r\n", "\r"]),
)


numbers = st.one_of(st.none(), st.booleans(), st.floats(), st.integers(-(2**70), 2**70), st.text(max_size=3))
records = st.dictionaries(st.one_of(names, st.text(max_size=4), st.just("step_number")), numbers, max_size=4)
answers = st.one_of(
    st.lists(st.one_of(records, records.map(lambda inner: {"data": inner}), numbers), max_size=5),
    st.lists(records, max_size=4).map(lambda found: {"object": "list", "data": found}),
    st.lists(numbers, max_size=4).map(lambda found: {"metrics": [{"metric_name": "ev_loss", "data": found}]}),
).map(lambda answer: json.dumps(answer).encode())


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        tables,
        answers,
        answers.map(lambda d: d[: len(d) // 2]),
        tables.map(base64.b64encode),
        st.binary(max_size=60),
        tables.map(lambda d: d[: len(d) // 2]),
    )
)
@example(b"step,train_loss\n-0.5,1\n")
@example(b",\n,")
def test_any_bytes_give_a_table_or_a_named_refusal(data: bytes) -> None:
    try:
        table = parse_result_file(data, "any.csv")
    except TuneboardError as refusal:
        told = refusal.explain()
        assert told.what
        assert told.why
        assert told.todo
        return
    assert tuple(table.columns[: len(METRICS)]) == METRICS
    assert table["step"].is_monotonic_increasing
    assert table["step"].is_unique
    again = parse_result_file(to_csv(table)) if len(table) else table
    pd.testing.assert_frame_equal(again[list(METRICS)], table[list(METRICS)])
