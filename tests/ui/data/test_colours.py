"""A change is shown with little around it, and foreign text stays text on every ground."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lib.ui.data.colours import AROUND, change, cut, drawn, ground

HOSTILE = "![x](http://x.example/y.png) <b>:material/home: ]:red[x"


def plain(markdown: str) -> str:
    return markdown.replace("\\", "").replace("\u2060", "")


def test_what_differs_stands_on_a_ground_and_what_stays_does_not() -> None:
    before, after = change("What is 2 + 2? ->", "What is 2 + 2?")
    assert plain(before) == "What is 2 + 2? :red-background[:red[␣->]]"
    assert plain(after) == "What is 2 + 2?"


def test_only_a_little_of_a_long_text_is_shown_around_the_change() -> None:
    before, after = change("a" * 5000 + "X" + "b" * 5000, "a" * 5000 + "Y" + "b" * 5000)
    assert plain(before) == f"…{'a' * AROUND} :red-background[:red[X]] {'b' * AROUND}…"
    assert len(after) < 1000


def test_spaces_and_line_ends_that_markdown_hides_are_drawn() -> None:
    assert plain(drawn("\n\n###\n")) == ":orange-background[↵↵###↵]"
    assert drawn("") == ""
    assert plain(ground(" a b ", "green")) == ":green-background[:green[␣a b␣]]"


def test_each_line_has_a_ground_of_its_own() -> None:
    assert ground("one\n\ntwo", "gray").count(":gray-background[") == 2


def test_markup_in_a_text_is_escaped_on_every_ground() -> None:
    for shown in (ground(HOSTILE, "green"), *change(HOSTILE, ""), drawn(HOSTILE)):
        assert "![" not in shown
        assert "<b>" not in shown
        assert ":material/" not in shown


@given(st.text(), st.text())
def test_any_two_texts_can_be_compared(before: str, after: str) -> None:
    shown = change(before, after)
    assert (shown[0] == shown[1]) or before != after


def test_a_long_text_is_cut_with_a_sign() -> None:
    assert cut("abc", 3) == "abc"
    assert cut("abcd", 3) == "abc…"
