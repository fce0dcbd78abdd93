"""Charts show every curve there is, in colours that can be read, and never more points than a screen can."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np
import pandas as pd
import pytest

from lib import i18n
from lib.results import charts, lines
from lib.results.charts import Look
from lib.results.metrics import from_events, parse_result_file


def job(steps: int = 20, valid_every: int = 5) -> pd.DataFrame:
    return from_events(
        {
            "step": n,
            "train_loss": 3 / n,
            "train_accuracy": 1 - 1 / n,
            "valid_loss": 3.5 / n if n % valid_every == 0 else None,
        }
        for n in range(1, steps + 1)
    )


def spec(chart: alt.LayerChart) -> dict[str, Any]:
    return chart.to_dict()


def points(chart: alt.LayerChart) -> list[dict[str, Any]]:
    return [point for data in spec(chart).get("datasets", {}).values() for point in data]


def text_of(chart: alt.LayerChart) -> str:
    return chart.to_json(ensure_ascii=False)


def test_one_job_has_a_colour_for_each_of_its_series() -> None:
    chart = charts.curves({"stories": job()}, "loss")
    colour = spec(chart)["layer"][0]["encoding"]["color"]
    assert colour["field"] == "series"
    assert colour["scale"]["domain"] == ["Training", "Validation"]
    assert len(points(chart)) == 20 + 4


def test_several_jobs_have_a_colour_each_and_tell_series_by_their_dashes() -> None:
    encoding = spec(charts.curves({"a": job(), "b": job()}, "loss"))["layer"][0]["encoding"]
    assert encoding["color"]["field"] == "job"
    assert encoding["color"]["scale"]["domain"] == ["a", "b"]
    assert encoding["strokeDash"]["scale"]["range"][0] == [1, 0]


def test_validation_shows_its_points_and_training_its_line() -> None:
    shown = {point["series"]: point["dot"] for point in points(charts.curves({"": job()}, "loss"))}
    assert shown == {"Training": 0, "Validation": 1}


def test_smoothing_averages_training_and_leaves_validation_as_measured() -> None:
    chart = charts.curves({"": job()}, "loss", Look(smoothing=0.9))
    for point in points(chart):
        assert (point["value"] == pytest.approx(point["raw"])) == (
            point["series"] == "Validation" or point["step"] == 1
        )
    assert len(spec(chart)["layer"]) == 3


def test_a_log_scale_leaves_out_what_it_cannot_hold() -> None:
    table = parse_result_file(b"step,train_loss\n1,1\n2,0\n3,-0.5\n4,0.1\n")
    chart = charts.curves({"": table}, "loss", Look(log=True))
    assert [point["raw"] for point in points(chart)] == [1, 0.1]
    assert spec(chart)["layer"][0]["encoding"]["y"]["scale"]["type"] == "log"


@pytest.mark.parametrize(
    "table", [from_events([]), pd.DataFrame(), from_events([{"step": 1, "train_loss": float("inf")}])]
)
def test_nothing_to_draw_is_an_empty_chart(table: pd.DataFrame) -> None:
    for log in (False, True):
        assert points(charts.curves({"": table}, "loss", Look(0.5, log))) == []
    assert points(charts.classification({})) == []
    assert charts.available({"": table}) == []


def test_a_single_point_can_be_seen() -> None:
    assert [point["dot"] for point in points(charts.curves({"": job(1)}, "loss", Look(smoothing=0.5)))] == [1]


def test_only_what_can_be_drawn_is_offered() -> None:
    classes = parse_result_file(b"step,classification/accuracy,classification/auroc\n1,0.5,\n2,0.75,\n")
    assert charts.available({"a": job(), "b": classes}) == ["loss", "accuracy", "classification"]
    assert charts.available({"b": classes}) == ["classification"]
    assert {point["series"] for point in points(charts.classification({"b": classes}))} == {"Accuracy"}


def test_a_long_curve_is_thinned_and_keeps_its_spike() -> None:
    table = job(30_000)
    table.loc[12_345, "train_loss"] = 99.0
    drawn = points(charts.curves({"": table}, "loss"))
    training = [point for point in drawn if point["series"] == "Training"]
    assert len(training) <= lines.POINTS
    assert {training[0]["step"], training[-1]["step"]} == {1, 30_000}
    assert max(point["raw"] for point in training) == 99.0
    assert len(table) == 30_000


def test_many_long_curves_share_the_points_of_the_screen() -> None:
    assert len(points(charts.curves({str(n): job(5000) for n in range(10)}, "loss"))) <= lines.ALL_POINTS


def test_thinning_keeps_the_order_and_the_ends() -> None:
    values = np.sin(np.arange(1000.0))
    kept = lines.thin(values, 100)
    assert len(kept) <= 100
    assert list(kept) == sorted(set(kept))
    assert (kept[0], kept[-1]) == (0, 999)
    assert list(lines.thin(values[:50], 100)) == list(range(50))


def test_axes_and_series_are_named_in_the_readers_language(monkeypatch: pytest.MonkeyPatch) -> None:
    words = {"Step": "步数", "Loss": "损失", "Training": "训练", "Validation": "验证"}
    monkeypatch.setattr(i18n, "catalogue", lambda _tag: words)
    drawn = text_of(charts.curves({"微调": job(), "b": job()}, "loss"))
    assert all(word in drawn for word in [*words.values(), "微调"])


def test_the_page_decides_the_background_and_the_width() -> None:
    drawn = spec(charts.curves({"": job()}, "accuracy"))
    assert "background" not in drawn
    assert "background" not in drawn.get("config", {})
    assert drawn["width"] == "container"


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("colour", charts.COLOURS)
@pytest.mark.parametrize("background", ["#ffffff", "#0e1117"])
def test_every_colour_can_be_read_in_light_and_dark(colour: str, background: str) -> None:
    low, high = sorted((luminance(colour), luminance(background)))
    assert (high + 0.05) / (low + 0.05) >= 3
