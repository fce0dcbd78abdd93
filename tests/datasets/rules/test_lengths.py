from __future__ import annotations

from lib.datasets.recipe import CHAT, Recipe
from lib.datasets.rules.base import Context
from lib.datasets.rules.lengths import CHANGES, OverLong, ShortCompletions


def pair(prompt, completion):
    return {"prompt": prompt, "completion": completion}


EVEN = pair("q" * 50, "a" * 50)


def test_examples_over_the_limit_are_told_with_the_longest(counted_in):
    finding = counted_in(OverLong, [EVEN] * 3, [100, 101, 150], 100)["over_long"]
    assert list(finding.found.rows) == [1, 2]
    assert "100 tokens" in finding.title.text()
    assert "The longest has 150." in finding.title.text()


def test_f13_nothing_is_said_about_lengths_that_nobody_counted(counted_in):
    assert counted_in(OverLong, [pair("字" * 9000, "好")], [None], 4096) == {}


def test_f13_nine_thousand_chinese_characters_are_judged_by_tokens(counted_in):
    assert "over_long" in counted_in(OverLong, [pair("字", "字" * 9000)], [6000], 4096)
    assert counted_in(OverLong, [pair("字", "字" * 9000)], [6000], 16_385) == {}


def test_f3_the_rows_named_are_the_long_ones_whatever_was_dropped_before(counted_in):
    """prepare_data dropped by position what it had found by label, so an innocent row went and the long one stayed."""
    lengths = [10] * 12 + [5000, 10]
    assert list(counted_in(OverLong, [EVEN] * 14, lengths, 4096)["over_long"].found.rows) == [12]


def test_f3_the_fix_drops_the_long_examples_by_what_they_are(counted_in):
    long = pair("q", "a" * 12_000)
    fix = counted_in(OverLong, [EVEN] * 13 + [long], [10] * 13 + [5000], 4096)["over_long"].fix
    change = CHANGES[fix["code"]]
    assert change(dict(reversed(long.items())), fix["settings"]) is None
    assert change(EVEN, fix["settings"]) is EVEN


def test_too_many_long_examples_to_name_have_no_fix(counted_in):
    records = [pair("q", f"{n}") for n in range(1001)]
    assert counted_in(OverLong, records, [5000] * 1001, 4096)["over_long"].fix is None


def test_a_question_that_fills_the_limit_leaves_nothing_to_learn(counted_in):
    found = counted_in(OverLong, [pair("q" * 900, "a" * 100), EVEN], [1000, 1000], 600)
    assert list(found["nothing_left"].found.rows) == [0]
    assert found["nothing_left"].severity == "error"
    assert list(found["over_long"].found.rows) == [1]


def test_what_counts_is_the_text_before_the_first_answer_that_is_learnt(counted_in):
    first, second = {"role": "assistant", "content": "a" * 100}, {"role": "user", "content": "q" * 800}
    talk = {"messages": [{"role": "user", "content": "q" * 50}, first, second, {**first, "content": "b" * 50}]}
    assert counted_in(OverLong, [talk], [1000], 500, format=CHAT).keys() == {"over_long"}
    talk["messages"][1] = {**first, "weight": 0}
    assert counted_in(OverLong, [talk], [1000], 500, format=CHAT).keys() == {"nothing_left"}


def test_without_a_limit_there_is_nothing_to_look_for():
    assert not OverLong.applies(Context(Recipe()))


def test_very_short_completions_among_long_ones_are_told(pairs_in):
    pairs = [("q", "a proper answer, as long as it takes " * 3)] * 9 + [("q", "k###"), ("q", "")]
    assert list(pairs_in(ShortCompletions, pairs, stop="###")["short_completions"].found.rows) == [9]


def test_short_labels_are_no_short_completions(pairs_in):
    assert pairs_in(ShortCompletions, [("q", "A"), ("q", "B")] * 9) == {}
