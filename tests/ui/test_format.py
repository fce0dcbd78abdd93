"""Numbers, money, sizes and times read well in both languages."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from lib import i18n
from lib.db import now
from lib.ui import format as fmt


@pytest.fixture(params=["en", "zh_CN"])
def language(request: pytest.FixtureRequest) -> Iterator[str]:
    before = i18n._resolve
    i18n.resolve_language_with(lambda: request.param)
    yield request.param
    i18n.resolve_language_with(before)


def in_language(language: str, english: str, chinese: str) -> str:
    return english if language == "en" else chinese


def test_a_span_is_told_in_its_two_largest_units(language: str) -> None:
    assert fmt.duration(8) == in_language(language, "8 sec", "8秒")
    assert fmt.duration(125) == in_language(language, "2 min 5 sec", "2分钟 5秒")
    assert fmt.duration(5400) == in_language(language, "1 hr 30 min", "1小时 30分钟")
    assert fmt.duration(120) == in_language(language, "2 min", "2分钟")


def test_small_money_is_not_shown_as_nothing(language: str) -> None:
    assert fmt.money(0.00123) == in_language(language, "$0.0012", "US$0.0012")
    assert fmt.money(12.5) == in_language(language, "$12.50", "US$12.50")
    assert fmt.money(0) == in_language(language, "$0.00", "US$0.00")


def test_a_day_is_written_as_the_reader_writes_it(language: str) -> None:
    assert fmt.day(date(2026, 11, 20)) == in_language(language, "Nov 20, 2026", "2026年11月20日")


def test_sizes_and_numbers_are_grouped(language: str) -> None:
    assert fmt.size(1_234_567) == "1.2 MB"
    assert fmt.number(12345.678, 1) == "12,345.7"
    assert fmt.percent(0.4234, 1) == "42.3%"


def test_a_moment_ago_is_now_and_an_hour_ago_is_an_hour_ago(language: str) -> None:
    assert fmt.ago(now() - 3700) == in_language(language, "1 hour ago", "1小时前")
    assert fmt.ago(now()) == i18n.translate("now")
