from __future__ import annotations

from lib.datasets.recipe import PREFERENCE, Recipe
from lib.datasets.rules.base import Context, view_of
from lib.datasets.rules.pairs import CHANGES, RULES
from lib.datasets.table import Origin

ASK = {"role": "user", "content": "hi"}


def say(text):
    return [{"role": "assistant", "content": text}]


def row(better, worse, *asked):
    return {"input": {"messages": list(asked) or [ASK]}, "preferred_output": better, "non_preferred_output": worse}


GOOD, SAME, EMPTY = row(say("a"), say("b")), row(say("a"), say("a")), row(say(" "), say("b"))
MISSING, ANSWERED = row(say("a"), []), row(say("a"), say("b"), ASK, *say("x"))


def test_what_is_wrong_with_preference_rows():
    found = {}
    for rule in (rule(Context(Recipe(format=PREFERENCE))) for rule in RULES):
        for number, record in enumerate([GOOD, SAME, EMPTY, MISSING, ANSWERED]):
            rule.look(view_of(number, Origin(number + 1), record))
        found |= {finding.code: list(finding.found.rows) for finding in rule.findings()}
    assert found == {"empty_pair": [2, 3], "same_answers": [1], "answered_input": [4]}


def test_fixes_leave_out_exactly_these_rows():
    assert [CHANGES["drop_same_pairs"](record, {}) for record in (GOOD, SAME, EMPTY)] == [GOOD, None, EMPTY]
    assert [CHANGES["drop_empty_pairs"](record, {}) for record in (GOOD, SAME, EMPTY, MISSING)] == [
        GOOD, SAME, None, None,
    ]  # fmt: skip
