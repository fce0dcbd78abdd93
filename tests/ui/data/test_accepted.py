"""Every fix there is can be named in plain words."""

from __future__ import annotations

from lib.datasets.fixes import set_field
from lib.datasets.recipe import Recipe
from lib.datasets.rules.all_rules import CHANGES, COMPARING
from lib.datasets.rules.characters import KINDS
from lib.datasets.rules.talk import PROBLEMS
from lib.ui.data import accepted


def test_each_fix_has_words() -> None:
    assert {*CHANGES, *COMPARING} <= set(accepted.CHANGES)


def test_a_mark_is_named_with_its_line_ends() -> None:
    assert accepted.describe(set_field(Recipe(), "separator", "\n\n###\n\n")) == "Separator: ↵↵###↵↵"


def test_a_long_value_is_cut() -> None:
    told = accepted.describe({"code": "cut_beginning", "settings": {"field": "prompt", "beginning": "x" * 500}})
    assert len(told) < 80


def test_a_fix_of_another_version_goes_by_its_code() -> None:
    assert accepted.describe({"code": "shuffle", "settings": {"seed": 1}}) == "shuffle"


def test_no_code_is_shown_where_there_are_words_for_it() -> None:
    dropped = {code for code, words in PROBLEMS.items() if words.fix == "drop_conversations"}
    assert {*KINDS, *dropped} <= set(accepted.NAMES)
    told = accepted.describe({"code": "clean_characters", "settings": {"kind": "bidi_characters"}})
    assert told == "Take out characters that turn the direction of writing round"
