"""Foreign text shows as itself, wherever Markdown is read."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.ui.text import escape, say, shorten, visible


@pytest.mark.parametrize(
    "text",
    [
        "![x](http://evil.example/a.png)",
        "[x](javascript:alert(1))",
        "<img src=http://evil.example/a.png>",
        "`code`, *bold*, _it_, ~~gone~~, # head, 1. list, | cell |",
        ":red[x] :material/home: :smile: $a^2$",
        "&amp; &#x68;",
    ],
)
def test_no_markup_character_is_left_bare(text: str) -> None:
    assert not re.search(r"(?<!\\)[!\[\]()<>`*_~#|:$&@]", escape(text))


@pytest.mark.parametrize("text", ["http://evil.example", "www.evil.example", "me@evil.example", "a -> b", ":smile:"])
def test_a_second_pass_over_the_parsed_text_finds_no_address_icon_or_arrow(text: str) -> None:
    parsed = re.sub(r"\\(.)", r"\1", escape(text))
    assert not re.search(r"https?://|www\.|\w@\w|->|:\w+:", parsed)


@given(st.text())
def test_escaping_adds_nothing_that_can_be_seen(text: str) -> None:
    shown = re.sub(r"\\([!-/:-@[-`{-~])", r"\1", escape(text)).replace("\u2060", "")
    assert shown == " ".join(text.split()).replace("\u2060", "")


def test_values_in_a_sentence_are_escaped_and_the_sentence_is_not() -> None:
    assert say("**{name}** is here", name="*x*") == "**\\*x\\*** is here"


def test_a_long_text_is_cut_to_one_line() -> None:
    assert shorten("one\ntwo  three", 8) == "one two…"
    assert shorten("short") == "short"


def test_spaces_and_line_ends_can_be_seen() -> None:
    assert visible(" ->\n") == "·->↵\n"
