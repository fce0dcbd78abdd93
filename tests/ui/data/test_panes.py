"""A pane is as high as its texts, up to a bound from which on it scrolls."""

from __future__ import annotations

import pytest

from lib.ui.data.panes import TALLEST, height


@pytest.mark.parametrize("texts", [[], [""], ["a line"], ["one\ntwo\nthree", "an answer"], ["word " * 60]])
def test_short_texts_take_the_room_they_need(texts: list[str]) -> None:
    assert height(texts) == "content"


@pytest.mark.parametrize(
    "texts",
    [["line\n" * 100], ["word " * 1000], ["故事" * 300], ["a line"] * 40, ["x" * 40_000_000]],
)
def test_many_lines_long_lines_and_many_texts_are_bounded(texts: list[str]) -> None:
    assert height(texts) == TALLEST
