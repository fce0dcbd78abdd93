"""The report is one file: every text escaped, nothing loaded, charts drawn from the numbers."""

from __future__ import annotations

from html.parser import HTMLParser

import numpy as np
import pytest

from lib.results.course import Checkpoint, Course
from lib.results.lines import metric_lines
from lib.results.metrics import from_events, parse_result_file
from lib.results.report.drawing import HEIGHT, LEFT, POINTS, WIDTH, Drawing, draw, ticks
from lib.results.report.page import Advice, Report, Sample, Section, Words, cut, render
from tests.results.test_charts import job

HOSTILE = "</style></title></svg><script>alert(1)</script><img src=x onerror=alert(1)> \"'{{ 7 * 7 }} \ud800"


def drawn(frame: object = None, course: Course | None = None) -> Drawing:
    table = job() if frame is None else frame
    found = draw(HOSTILE, list(metric_lines({"": table}, "loss")), table, course or Course())  # type: ignore[dict-item, arg-type]
    assert found is not None
    return found


def report(text: str) -> Report:
    return Report(
        language="zh-CN",
        title=text,
        subtitle=text,
        words=Words(text, text, text, text, text),
        sections=[Section(text, [(text, text)])],
        advice=[Advice(text, [text])],
        drawings=[drawn()],
        samples=[Sample(text, text)],
    )


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.attributes |= {name for name, _value in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


def test_hostile_text_is_text() -> None:
    page = Tags()
    page.feed(render(report(HOSTILE)).decode())
    assert not page.seen & {"script", "img", "link", "iframe", "a", "object"}
    assert not [name for name in page.attributes if name.startswith("on") or name in {"src", "href"}]
    assert page.text.count("alert(1)") >= 2 * 10
    assert "{{ 7 * 7 }}" in page.text


def test_nothing_is_loaded_and_nothing_may_run() -> None:
    html = render(report("ok")).decode()
    assert "default-src 'none'" in html
    assert "http" not in html.replace("http-equiv", "")
    assert 'lang="zh-CN"' in html


def test_curves_lie_within_their_box_and_keep_their_spike() -> None:
    table = job(30_000)
    table.loc[12_345, "train_loss"] = 99.0
    chart = drawn(table)
    points = [tuple(map(float, pair.split(","))) for pair in chart.curves[0].points.split()]
    assert len(points) <= POINTS
    assert all(LEFT <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in points)
    assert min(y for _x, y in points) == pytest.approx(chart.top, abs=0.2)
    assert [curve.name for curve in chart.curves] == ["Training", "Validation"]


def test_epochs_and_checkpoints_are_marked() -> None:
    chart = drawn(course=Course(epochs=2, checkpoints=(Checkpoint(10), Checkpoint(99))))
    assert len(chart.epochs) == 1
    assert len(chart.checkpoints) == 1


@pytest.mark.parametrize(
    "rows", [b"1,2\n", b"1,2\n2,2\n", b"0,0\n1,0\n", b"1,1.7e308\n2,-1.7e308\n", b"1,1e-9\n2,2e-9\n"]
)
def test_odd_curves_are_drawn_too(rows: bytes) -> None:
    chart = drawn(parse_result_file(b"step,train_loss\n" + rows))
    assert "nan" not in chart.curves[0].points
    assert chart.up


def test_nothing_to_draw_is_no_drawing() -> None:
    empty = from_events([])
    assert draw("", list(metric_lines({"": empty}, "loss")), empty, Course()) is None


@pytest.mark.parametrize(("low", "high"), [(0, 1), (1, 20), (-3, 3), (0.001, 0.0047), (1e6, 5e7)])
def test_ticks_are_round_and_within(low: float, high: float) -> None:
    found = ticks(low, high)
    assert 2 <= len(found) <= 11
    assert all(low <= tick <= high for tick in found)
    assert np.allclose(np.diff(found), np.diff(found)[0])


def test_long_texts_are_cut() -> None:
    assert cut("a" * 5000).endswith("…")
    assert cut("short") == "short"
