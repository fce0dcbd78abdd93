from __future__ import annotations

import pytest

from lib.datasets.recipe import Recipe
from lib.datasets.rules.base import Context, view_of
from lib.datasets.rules.content import CHANGES, Amount, Empty, PythonValues, StandIns
from lib.datasets.table import Origin


def some(n):
    return [(f"question {i}", f"answer {i}") for i in range(n)]


def test_nine_examples_are_too_few_and_ten_are_few(pairs_in):
    assert pairs_in(Amount, some(9))["too_few_examples"].severity == "error"
    few = pairs_in(Amount, some(10))["few_examples"]
    assert (few.severity, few.count) == ("hint", 10)
    assert few.title.text() == "There are few examples: 10."


def test_a_hundred_examples_are_enough_to_say_nothing(pairs_in):
    assert pairs_in(Amount, some(99)).keys() == {"few_examples"}
    assert pairs_in(Amount, some(100)) == {}


def test_advice_for_fifty_differs_from_advice_for_ninety(pairs_in):
    assert "50" in pairs_in(Amount, some(49))["few_examples"].why.text()
    assert "enough to begin" in pairs_in(Amount, some(50))["few_examples"].why.text()


def test_f13_a_completion_of_spaces_and_marks_is_empty(pairs_in):
    found = pairs_in(Empty, [("a ->", " yes###"), ("b ->", "  \n###"), ("c ->", "###")], separator=" ->", stop="###")
    assert found.keys() == {"empty_completion"}
    assert list(found["empty_completion"].found.rows) == [1, 2]


def test_f13_an_empty_prompt_among_others_is_told(pairs_in):
    found = pairs_in(Empty, [("a ->", "x"), (" ->", "y")], separator=" ->")
    assert list(found["empty_prompt"].found.rows) == [1]


def test_a_system_text_alone_is_an_empty_prompt(pairs_in):
    asked = [("Be brief.\n\nHi ->", "x"), ("Be brief.\n\n ->", "y")]
    assert list(pairs_in(Empty, asked, separator=" ->", system_prompt="Be brief.")["empty_prompt"].found.rows) == [1]


@pytest.mark.parametrize("open_ended", [True, False])
def test_texts_without_any_prompt_are_fine(pairs_in, open_ended):
    assert pairs_in(Empty, [("", "once"), ("", "upon")], open_ended=open_ended) == {}


def test_the_fix_drops_exactly_the_rows_found(pairs_in):
    pairs = [("a ->", " yes###"), ("b ->", " ###")]
    fix = pairs_in(Empty, pairs, separator=" ->", stop="###")["empty_completion"].fix
    change = CHANGES[fix["code"]]
    full, empty = ({"prompt": prompt, "completion": completion} for prompt, completion in pairs)
    assert change(full, fix["settings"]) is full
    assert change(empty, fix["settings"]) is None


def test_f2_labels_such_as_na_and_none_are_named_but_never_dropped(pairs_in):
    labels = ["NA", "None", "null", "N/A", "yes"] * 4
    finding = pairs_in(StandIns, [(f"q{i}", label) for i, label in enumerate(labels)])["placeholder_completions"]
    assert (finding.severity, finding.fix, len(finding.found)) == ("hint", None, 16)


def test_f1_none_and_nan_that_an_older_tool_trained_on_are_named(pairs_in):
    finding = pairs_in(StandIns, [("q", " None###"), ("p", " nan###"), ("r", "nano###")], stop="###")
    assert list(finding["placeholder_completions"].found.rows) == [0, 1]


def test_f10_structures_printed_by_python_are_named(pairs_in):
    squad = "{'title': 'Super_Bowl_50', 'context': 'Super Bowl 50 was'}"
    finding = pairs_in(PythonValues, [(squad, "x"), ("q", "['a', 'b']"), ('{"json": 1}', "[1]")])["python_values"]
    assert list(finding.found.rows) == [0, 1]


def test_f16_forty_thousand_rows_are_named_by_twenty_lines():
    rule = StandIns(Context(Recipe(separator="")))
    for row in range(40_000):
        rule.look(view_of(row, Origin(row + 1), {"prompt": "q", "completion": "nan"}))
    (finding,) = rule.findings()
    assert len(finding.found) == 40_000
    assert finding.found.lines == list(range(1, 21))
    assert len(finding.title.text()) < 100
