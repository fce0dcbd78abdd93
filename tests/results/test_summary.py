"""The curves are put into plain words, and a rule speaks only when its case is there."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import pandas as pd
import pytest

from lib.results import summary
from lib.results.metrics import from_events, parse_result_file
from lib.results.summary import summarise


def job(
    steps: int, train: Callable[[int], float], valid: Callable[[int], float] | None = None, every: int = 10
) -> pd.DataFrame:
    return from_events(
        {"step": n, "train_loss": train(n), "valid_loss": valid(n) if valid and n % every == 0 else None}
        for n in range(1, steps + 1)
    )


def falling(n: int) -> float:
    return 3 * math.exp(-n / 50)


def said(table: pd.DataFrame) -> set[str]:
    return {note.template for note in summary.findings(table)}


def test_a_good_run_is_told_as_one() -> None:
    table = job(200, falling, lambda n: falling(n) + 0.1)
    assert summarise(table)[0] == "Nothing looks wrong: the loss went down without leaving its course."
    assert said(table) == {summary.STEADY, summary.TRAINED, summary.BEST_AVERAGE}


def test_memorising_is_told_with_the_step_to_stop_at() -> None:
    table = job(150, falling, lambda n: 1 + abs(n - 60) / 100)
    assert summarise(table)[0] == (
        "Validation loss rises from step 60 while training loss falls: the model is memorising. Use fewer epochs."
    )
    assert "Validation loss is lowest at step 60: 1." in summarise(table)


def test_validation_that_wavers_is_not_memorising() -> None:
    noise = random.Random(1)  # noqa: S311 - a curve, not a secret
    table = job(300, falling, lambda n: 1 + noise.uniform(0, 0.02))
    assert summary.MEMORISING not in said(table)


@pytest.mark.parametrize("seed", range(20))
def test_small_validation_batches_that_differ_widely_are_not_memorising(seed: int) -> None:
    noise = random.Random(seed)  # noqa: S311 - a curve, not a secret
    table = job(400, falling, lambda n: 0.55 + falling(n) + noise.uniform(-0.2, 0.2))
    assert summary.MEMORISING not in said(table)


def test_validation_that_rises_with_training_is_not_memorising() -> None:
    table = job(150, lambda n: 2 + n / 500, lambda n: 1 + abs(n - 60) / 100)
    assert summary.MEMORISING not in said(table)


def test_the_whole_validation_file_is_believed_before_its_batches() -> None:
    table = job(40, falling, lambda n: 5 - n / 100)
    table["full_valid_loss"] = [2.0 if n in (10, 30) else 1.0 if n == 20 else math.nan for n in table["step"]]
    assert "Validation loss is lowest at step 20: 1." in summarise(table)


def test_a_loss_that_runs_away_is_diverging() -> None:
    table = job(200, lambda n: falling(n) if n < 80 else falling(80) + (n - 80) / 40)
    assert summary.DIVERGING in said(table)
    assert summary.STEADY not in said(table)


def test_the_noise_of_small_batches_is_not_diverging() -> None:
    noise = random.Random(2)  # noqa: S311 - a curve, not a secret
    assert said(job(200, lambda n: falling(n) + noise.uniform(0, 0.5))) == {summary.STEADY, summary.TRAINED}


def test_a_tiny_loss_that_wavers_is_not_diverging() -> None:
    assert summary.DIVERGING not in said(job(200, lambda n: falling(n) + 0.002 * (n % 7)))


def test_a_loss_that_is_no_number_is_told_with_its_step() -> None:
    table = parse_result_file(
        b"step,train_loss\n" + b"".join(b"%d,%s\n" % (n, b"2" if n < 7 else b"nan") for n in range(1, 40))
    )
    assert summarise(table)[0].startswith("Training loss is not a number from step 7 on")


def test_a_loss_that_came_back_from_nan_is_not_broken() -> None:
    assert summary.BROKEN not in said(parse_result_file(b"step,train_loss\n1,2\n2,nan\n3,1\n"))


def test_a_loss_that_hardly_moved_is_told() -> None:
    assert summary.STILL in said(job(100, lambda n: 2.0 + 0.01 * (n % 3)))


def test_few_steps_are_told_but_not_while_the_job_still_runs() -> None:
    table = job(10, falling)
    assert summary.TOO_FEW in said(table)
    assert summary.TOO_FEW not in said(table.assign(total_steps=200))
    assert summary.TOO_FEW in said(table.assign(total_steps=10))


def test_accuracy_is_told_in_percent() -> None:
    table = parse_result_file(b"step,train_loss,train_accuracy,valid_mean_token_accuracy\n1,2,0.5,\n2,1,0.75,0.625\n")
    assert "At the end 75% of the tokens it was trained on were predicted right." in summarise(table)
    assert "At the end 62.5% of the tokens of the validation examples were predicted right." in summarise(table)


def test_what_was_assumed_while_reading_is_told_too() -> None:
    assert "There is no step column; the rows were numbered from 1." in summarise(
        parse_result_file(b"train_loss\n2\n1\n")
    )


@pytest.mark.parametrize(
    "data", [b"step,train_loss", b"step,classification/accuracy\n1,0.5", b"step,valid_loss\n1,2\n"]
)
def test_there_is_always_something_to_say(data: bytes) -> None:
    assert all(summarise(parse_result_file(data)))
    assert summarise(from_events([])) == ["There are no steps yet."]
