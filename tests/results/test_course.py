"""Where steps lie on an axis, where epochs end, and what is marked and cut on a chart."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lib.results import charts
from lib.results.charts import Look
from lib.results.course import Checkpoint, Course, epoch_ends, place, spread_evenly
from lib.results.differences import differing
from lib.results.metrics import from_events, parse_result_file
from tests.results.test_charts import job, points, spec


def along(frame: pd.DataFrame, course: Course, axis: str, *steps: float) -> list[float] | None:
    found = place(frame, course, axis)  # type: ignore[arg-type]
    return None if found is None else [float(at) for at in found(np.array(steps))]


def test_tokens_are_those_of_the_table_or_else_an_even_share() -> None:
    legacy = parse_result_file(b"step,elapsed_tokens,training_loss\n1,100,2\n2,300,1\n")
    assert along(legacy, Course(), "tokens", 1, 2) == [100, 300]
    assert not spread_evenly(legacy, Course(), "tokens")
    assert along(job(20), Course(tokens=4000), "tokens", 5, 20) == [1000, 4000]
    assert spread_evenly(job(20), Course(tokens=4000), "tokens")
    assert along(job(20), Course(), "tokens", 1) is None


def test_time_is_that_of_the_events_or_else_an_even_share() -> None:
    times = {1.0: 600.0, 10.0: 660.0, 20.0: 780.0}
    assert along(job(20), Course(times=times), "time", 1, 10, 15, 20) == [0, 1, 2, 3]
    at_once = Course(times=dict.fromkeys((1.0, 20.0), 9.0), seconds=120)
    assert along(job(20), at_once, "time", 10, 20) == [1, 2]
    assert spread_evenly(job(20), at_once, "time")
    assert along(job(20), Course(), "time", 1) is None


def test_epochs_end_where_their_column_or_the_number_of_epochs_says() -> None:
    assert epoch_ends(job(20), Course(epochs=2)) == [(1, 10), (2, 20)]
    assert epoch_ends(job(20), Course(epochs=2, total_steps=40)) == [(1, 20)]
    told = from_events([{"step": n, "loss": 1, "epoch": n / 4} for n in range(1, 9)])
    assert epoch_ends(told, Course()) == [(1, 4), (2, 8)]
    assert epoch_ends(job(20), Course(epochs=500)) == []
    assert epoch_ends(job(20), Course()) == []
    assert epoch_ends(from_events([]), Course(epochs=2)) == []


def test_epochs_and_checkpoints_of_one_job_are_marked_and_several_jobs_have_no_epochs() -> None:
    course = Course(epochs=2, checkpoints=(Checkpoint(10, "ft:a"), Checkpoint(99, "beyond the end")))
    drawn = points(charts.curves({"a": job()}, "loss", courses={"a": course}))
    assert [point["epoch"] for point in drawn if "epoch" in point] == [1, 2]
    assert [(p["step"], p["value"], p["model"]) for p in drawn if "model" in p] == [(10, 0.3, "ft:a")]
    both = points(charts.curves({"a": job(), "b": job()}, "loss", courses={"a": course, "b": course}))
    assert not [point for point in both if "epoch" in point]
    assert {point["job"] for point in both if "model" in point} == {"a", "b"}


def test_a_window_shows_more_of_less() -> None:
    whole = points(charts.curves({"": job(30_000)}, "loss"))
    part = points(charts.curves({"": job(30_000)}, "loss", Look(window=(0.5, 0.55))))
    assert {15_000 <= point["step"] <= 16_501 for point in part} == {True}
    nearby = [point for point in whole if 15_000 <= point["step"] <= 16_501]
    assert len(part) > 5 * len(nearby)


def test_clipping_keeps_the_scale_to_the_many_and_the_outlier_in_the_data() -> None:
    table = job(200)
    table.loc[100, "train_loss"] = 1e6
    for log in (False, True):
        chart = charts.curves({"": table}, "loss", Look(clip=True, log=log))
        low, high = spec(chart)["layer"][0]["encoding"]["y"]["scale"]["domain"]
        assert high < 10
        assert low > 0 or not log
        assert max(point["raw"] for point in points(chart)) == 1e6


@pytest.mark.parametrize(
    "look", [Look(clip=True), Look(axis="time"), Look(window=(0.9, 1.0)), Look(clip=True, log=True)]
)
def test_nothing_known_is_an_empty_chart_in_every_look(look: Look) -> None:
    assert points(charts.curves({"": from_events([])}, "loss", look)) == []


def test_a_hundred_thousand_steps_are_thinned_wherever_they_are_drawn() -> None:
    course = Course(tokens=10**9, seconds=86_400)
    for axis in ("step", "tokens", "time"):
        assert len(points(charts.curves({"": job(100_000)}, "loss", Look(0.9, axis=axis), {"": course}))) <= 4100


def test_only_what_differs_is_told() -> None:
    a, b = {"Epochs": 3, "Seed": 42, "Rate": 0.1}, {"Epochs": 4, "Seed": 42, "Note": ""}
    assert differing({"a": a, "b": b}) == {"Epochs": {"a": "3", "b": "4"}, "Rate": {"a": "0.1", "b": "—"}}
    assert differing({"a": a}) == {}
