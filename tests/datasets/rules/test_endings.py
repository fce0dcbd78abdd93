from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.datasets.rules.endings import common_ending, is_free, own_mark, separator_of, stop_of, without_other_marks


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("Who? ->", " ->"),
        ("Who? ->\n", " ->\n"),
        ("Who?\n\n###\n\n", "\n\n###\n\n"),
        ("Who?\n\n--->\n\n", "\n\n--->\n\n"),
        ("Who? =>", " =>"),
        ("谁？→", "→"),
        ("Who?", ""),
        ("有几种问法？", ""),
        ('{"a": 1}', ""),
        ("solve for x", ""),
        ("well-", ""),
        ("", ""),
    ],
)
def test_f8_only_arrows_and_runs_of_signs_are_separators(text, mark):
    assert separator_of(text) == mark


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("Me.###", "###"),
        ("Me. END", " END"),
        ("Me. [END]", " [END]"),
        ("Me.<|endoftext|>", "<|endoftext|>"),
        ("Me.\n###\n", "\n###\n"),
        ("Me.", ""),
        ("THE WEEKEND", ""),
        ("写三条，比较长一点。", ""),
    ],
)
def test_f8_a_full_stop_or_the_same_last_words_are_no_stop(text, mark):
    assert stop_of(text) == mark


def test_a_last_line_of_its_own_is_a_separator_when_all_have_it():
    assert own_mark("ow long?\n\nAnswer:") == "\n\nAnswer:"
    assert own_mark("多久？\n答案：") == "\n答案："
    assert own_mark("Tell me more.\n\n") == "\n\n"
    assert own_mark("种问法？") == own_mark("Answer:") == ""


@given(st.text("ab\n#"), st.sampled_from(["###", "\n\n###\n\n", " ->", "aba"]))
def test_a_free_mark_is_found_first_at_the_end(text, mark):
    assert is_free(mark, text) == ((text + mark).find(mark) == len(text))


@given(st.text("ab"), st.text("ab"))
def test_the_common_ending_is_the_longest(first, second):
    ending = common_ending(first, second)
    assert first.endswith(ending)
    assert second.endswith(ending)
    longer = first[-len(ending) - 1 :]
    assert len(longer) == len(ending) or not second.endswith(longer)


def test_other_marks_are_cut_and_texts_without_them_left():
    settings = {"field": "prompt", "marks": [" ->\n", "\n\n###\n\n"], "to": " ->"}
    ends = ["a -> ->", "b ->\n ->", "c\n\n###\n\n ->", "d ->", "e ->\n\n###\n\n ->", " ->\n ->"]
    cut = [without_other_marks({"prompt": end}, settings)["prompt"] for end in ends]
    assert cut == ["a -> ->", "b ->", "c ->", "d ->", "e ->", " ->\n ->"]
