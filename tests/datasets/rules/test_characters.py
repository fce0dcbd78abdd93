from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.datasets.recipe import Recipe
from lib.datasets.rules.base import Context, Finding, view_of
from lib.datasets.rules.characters import CLEAN, KINDS, Characters, clean
from lib.datasets.table import Origin


def found_in(*texts: str) -> dict[str, Finding]:
    rule = Characters(Context(Recipe()))
    for row, text in enumerate(texts):
        rule.look(view_of(row, Origin(row + 1), {"prompt": "q", "completion": text}))
    return {finding.code: finding for finding in rule.findings()}


def cleaned(text: str, kind: str) -> str:
    record: dict[str, Any] = clean({"prompt": "", "completion": text}, {"kind": kind})
    return record["completion"]


HARMFUL = [
    ("control_characters", "a\x00b\x07", "ab"),
    ("control_characters", "\x1b[31mred\x1b[0m", "red"),
    ("line_separators", "one\u2028two\x0bthree", "one\ntwo\nthree"),
    ("invisible_characters", "pass\u200bword\ufeff", "password"),
    ("invisible_characters", "中\u200d文", "中文"),
    ("invisible_characters", "hidden\U000e0068\U000e0069", "hidden"),
    ("bidi_characters", "if admin\u202e \u2066// check", "if admin // check"),
    ("half_characters", "a\ud83db", "ab"),
]
HARMLESS = [
    "tabs\tand\r\nline ends\n",
    "family 👨\u200d👩\u200d👧 and 🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    "می\u200cخواهم",  # Persian needs the joiner
    "क्\u200dष",
    "ภาษา\u200bไทย",
    "שלום \u200fעולם",
    "naïve café, 你好。",
]


@pytest.mark.parametrize(("kind", "text", "after"), HARMFUL)
def test_what_harms_is_found_and_taken_away(kind: str, text: str, after: str) -> None:
    assert list(found_in("fine", text)) == [kind]
    assert cleaned(text, kind) == after


@pytest.mark.parametrize("text", HARMLESS)
def test_what_a_language_needs_stays(text: str) -> None:
    assert found_in(text) == {}
    assert all(cleaned(text, kind) == text for kind in KINDS)


def test_names_and_code_points_are_told_the_commonest_first() -> None:
    (finding,) = found_in("a\u200bb\u200b\u2060", "fine").values()
    assert (
        finding.title.text()
        == "Examples with invisible characters: 1. They are U+200B ZERO WIDTH SPACE (2), U+2060 WORD JOINER (1)."
    )
    assert finding.fix == {"code": CLEAN, "settings": {"kind": "invisible_characters"}}


def test_what_nobody_can_know_has_no_fix() -> None:
    found = found_in("caf\ufffd", "\ue000")
    assert list(found) == ["lost_characters", "private_use_characters"]
    assert [finding.fix for finding in found.values()] == [None, None]


def test_right_to_left_texts_keep_their_marks_but_not_overrides() -> None:
    assert cleaned("\u202bשלום\u202c \u202eabc", "bidi_characters") == "\u202bשלום\u202c abc"


suspects = st.sampled_from(list("\x00\x1b[0m\u200b\u200c\u200d\u202e\u2066\u2028\ufeff\ud800\ufffd aبa中👩\U000e0061"))


@given(st.lists(suspects, max_size=12).map("".join), st.permutations(sorted(KINDS)))
def test_cleaning_again_changes_nothing(text: str, order: list[str]) -> None:
    def all_of_them(given: str) -> str:
        for kind in order:
            if KINDS[kind].instead is not None:
                given = cleaned(given, kind)
        return given

    for kind in order:
        if KINDS[kind].instead is not None:
            assert cleaned(cleaned(text, kind), kind) == cleaned(text, kind)
    once = all_of_them(text)
    assert all_of_them(once) == once


@given(st.lists(suspects, max_size=12).map("".join))
def test_what_is_clean_is_not_found(text: str) -> None:
    for kind, told in KINDS.items():
        if told.instead is not None:
            assert kind not in found_in(cleaned(text, kind))
