"""Result files: their columns, their numbers, and how a job that has none says why."""

from __future__ import annotations

import base64
import csv
import io

import pytest

from lib.engine.jobs.results import reason_of_exit
from tests.engine.support import Running


def table_of(engine: Running, plan: str) -> str:
    done = engine.wait(engine.create(plan).id)
    (file_id,) = done.result_files
    assert engine.client.files.retrieve(file_id).purpose == "fine-tune-results"
    return base64.b64decode(engine.client.files.content(file_id).read()).decode()


def test_a_result_file_has_openais_columns_and_blanks_where_nothing_was_measured(engine: Running) -> None:
    assert table_of(engine, "steps=4").splitlines() == [
        "step,train_loss,train_accuracy,valid_loss,valid_mean_token_accuracy,full_valid_loss,full_valid_mean_token_accuracy",
        "1,4.0,0.2,,,,",
        "2,2.0,0.4,2.5,0.5,,",
        "3,1.33333,0.6,,,,",
        "4,1.0,0.8,1.25,0.5,,",
    ]


def test_a_reader_finds_numbers_and_blanks_alone(engine: Running) -> None:
    """WandbLogger reads every cell as a number; a step whose loss was no number has a blank."""
    rows = list(csv.DictReader(io.StringIO(table_of(engine, "steps=3 nan_at=2"))))
    assert [row["train_loss"] for row in rows] == ["4.0", "", "1.33333"]
    assert all(value == "" or float(value) >= 0 for row in rows for value in row.values())


@pytest.mark.parametrize(
    ("code", "words", "said"),
    [(-9, "", "ran out of memory"), (-11, "", "signal 11 (SIGSEGV)"), (3, "disk on fire", "It said: disk on fire")],
)
def test_the_end_of_a_trainer_without_a_word_is_explained(code: int, words: str, said: str) -> None:
    assert said in reason_of_exit(code, words)["message"]
