"""Events become the same table as files, and a table is written exactly and harmlessly."""

from __future__ import annotations

import math

import pandas as pd
import pyarrow as pa

from lib.results.columns import METRICS
from lib.results.metrics import from_events, parse_result_file, remarks, to_csv


def test_events_become_a_table_newest_first_or_last() -> None:
    events = [
        {"step": n, "train_loss": 3.0 - n, "train_mean_token_accuracy": n / 10, "valid_loss": None} for n in (1, 2)
    ]
    table = from_events(events)
    assert table["step"].tolist() == [1, 2]
    assert table["train_accuracy"].tolist() == [0.1, 0.2]
    assert table["valid_loss"].isna().all()
    pd.testing.assert_frame_equal(from_events(events[::-1]), table)


def test_events_as_services_send_them_carry_their_numbers_under_data() -> None:
    events = [
        {"id": "ftevent-2", "type": "message", "message": "Step 1/2", "data": {}},
        {
            "id": "ftevent-1",
            "type": "metrics",
            "created_at": 9,
            "data": {"step": 1, "total_steps": 2, "full_valid_loss": 1.5},
        },
        {"id": "ftevent-0", "type": "message", "data": None},
    ]
    table = from_events(events)
    assert table["full_valid_loss"].tolist() == [1.5]
    assert table["total_steps"].tolist() == [2]
    assert "created_at" not in table


def test_no_events_are_an_empty_table() -> None:
    assert tuple(from_events([]).columns) == METRICS
    assert from_events([]).empty


def test_an_event_whose_loss_is_nan_is_remembered() -> None:
    assert from_events([{"step": 1, "train_loss": 1.0}, {"step": 2, "train_loss": math.nan}]).attrs["nan_step"] == 2


def test_a_written_table_reads_back_to_the_last_digit() -> None:
    table = from_events([{"step": 1, "train_loss": 0.1 + 0.2, "tokens": 10}, {"step": 2, "valid_loss": 1e-17}])
    pd.testing.assert_frame_equal(parse_result_file(to_csv(table)), table)


def test_a_spreadsheet_finds_nothing_to_run_in_a_written_table() -> None:
    table = pd.DataFrame({"step": [1], "=cmd()": [-2.5], "note": ["@SUM(1)"], "损失": ["+1"]})
    assert to_csv(table).decode() == "step,'=cmd(),note,损失\n1,-2.5,'@SUM(1),'+1\n"


def test_a_table_with_remarks_can_be_sent_to_the_screen() -> None:
    table = parse_result_file(b"train_loss,host\n1,a\nnan,b\n")
    assert len(remarks(table)) == 2
    pa.Table.from_pandas(table)
    assert remarks(pd.DataFrame()) == []
