from __future__ import annotations

import pytest

from lib.datasets.recipe import REINFORCEMENT
from lib.datasets.rules.talk import CHANGES, PROBLEMS, Talk
from lib.datasets.rules.talk_shape import problems_of

SYSTEM = {"role": "system", "content": "Be brief."}
ASK = {"role": "user", "content": "hi"}
SAY = {"role": "assistant", "content": "hello"}
CALL = {"role": "assistant", "content": None, "tool_calls": [{"id": "c1", "type": "function", "function": {}}]}
RESULT = {"role": "tool", "tool_call_id": "c1", "content": ""}

CASES = [
    ([SYSTEM, ASK, SAY], []),
    ([ASK, CALL, RESULT, SAY], []),
    ([ASK, CALL], []),
    ([ASK, {"role": "assistant", "content": None, "refusal": "I can't."}], []),
    ([{"role": "developer", "content": "Be brief."}, ASK, {**SAY, "weight": 1, "name": "Bo"}], []),
    ([ASK, {**SAY, "weight": 0}, ASK, {**SAY, "weight": 1}], []),
    ([{"role": "user", "content": [{"type": "text", "text": "hi"}]}, SAY], []),
    ([], ["no_messages"]),
    ([SYSTEM, ASK], ["no_assistant_message"]),
    ([ASK, SAY, ASK], ["not_answered"]),
    ([ASK, {**SAY, "role": "robot"}], ["unknown_role", "no_assistant_message"]),
    ([ASK, {**SAY, "content": " \n"}], ["empty_answer"]),
    ([{**ASK, "content": ""}, SAY], ["empty_message"]),
    ([ASK, {**SAY, "weight": 0}], ["no_weight"]),
    ([ASK, {**SAY, "weight": 0.5}], ["bad_weight"]),
    ([ASK, {**SAY, "weight": True}], ["bad_weight"]),
    ([{**ASK, "weight": 0}, SAY], ["bad_weight"]),
    ([ASK, ASK, SAY], ["same_role_twice"]),
    ([ASK, SAY, SAY], ["same_role_twice"]),
    ([ASK, SYSTEM, SAY], ["system_not_first"]),
    ([ASK, RESULT, SAY], ["tool_without_call"]),
    ([ASK, CALL, {**RESULT, "tool_call_id": "c2"}, SAY], ["tool_without_call", "call_without_answer"]),
    ([ASK, CALL, ASK, SAY], ["call_without_answer"]),
    ([ASK, {"role": "function", "name": "f", "content": "1"}, SAY], ["tool_without_call"]),
    ([ASK, {**SAY, "mood": "calm"}], ["unknown_message_keys"]),
    ([{**ASK, "role": ["user"]}, SAY], ["unknown_role"]),
]


@pytest.mark.parametrize(("messages", "codes"), CASES)
def test_what_is_wrong_with_a_conversation(messages, codes):
    assert problems_of(messages) == codes


def test_every_problem_has_words_and_an_example_here():
    assert {code for _, codes in CASES for code in codes} == set(PROBLEMS)


def test_long_conversations_are_judged_as_short_ones():
    assert problems_of([ASK, SAY] * 50) == []
    assert problems_of([ASK, SAY] * 50 + [ASK]) == ["not_answered"]


def test_a_reinforcement_row_ends_with_the_question(talks_in):
    assert talks_in(Talk, [[SYSTEM, ASK]], format=REINFORCEMENT) == {}


def test_rows_are_named_and_problems_stand_in_a_fixed_order(talks_in):
    found = talks_in(Talk, [[ASK, ASK, SAY], [ASK, SAY], [ASK, SAY, ASK], [SAY, ASK]])
    assert list(found) == ["not_answered", "same_role_twice"]
    assert list(found["not_answered"].found.rows) == [2, 3]
    assert found["not_answered"].title.text() == "Conversations that don't end with an answer of the assistant: 2."


@pytest.mark.parametrize(
    ("messages", "problem", "fixed"),
    [
        ([ASK, SAY, ASK], "not_answered", [ASK, SAY]),
        ([ASK, CALL, RESULT], "not_answered", [ASK, CALL, RESULT]),
        ([SYSTEM, ASK], "no_assistant_message", None),
        ([ASK, {**SAY, "weight": 0}], "no_weight", None),
        ([ASK, ASK, SAY], "same_role_twice", [{"role": "user", "content": "hi\nhi"}, SAY]),
        ([ASK, {**ASK, "name": "Bo"}, SAY], "same_role_twice", [ASK, {**ASK, "name": "Bo"}, SAY]),
        ([ASK, SAY, {**SAY, "weight": 0}], "same_role_twice", [ASK, SAY, {**SAY, "weight": 0}]),
        ([ASK, SYSTEM, SAY], "system_not_first", [SYSTEM, ASK, SAY]),
        ([ASK, SAY, SYSTEM, ASK, SAY], "system_not_first", [ASK, SAY, SYSTEM, ASK, SAY]),
        ([{**SYSTEM, "content": " "}, ASK, SAY], "empty_message", [ASK, SAY]),
        ([{**ASK, "content": ""}, SAY], "empty_message", [{**ASK, "content": ""}, SAY]),
        ([ASK, {**SAY, "mood": "calm"}], "unknown_message_keys", [ASK, SAY]),
        ([{**ASK, "weight": 0}, {**SAY, "weight": 1}], "bad_weight", [ASK, {**SAY, "weight": 1}]),
        ([ASK, {**SAY, "weight": 0.5}], "bad_weight", [ASK, {**SAY, "weight": 0.5}]),
    ],
)
def test_a_fix_changes_what_it_is_sure_of_and_leaves_the_rest(talks_in, messages, problem, fixed):
    fix = talks_in(Talk, [messages])[problem].fix
    changed = CHANGES[fix["code"]]({"messages": messages, "tools": []}, fix["settings"])
    assert changed == (None if fixed is None else {"messages": fixed, "tools": []})


def test_names_of_unknown_keys_are_told(talks_in):
    found = talks_in(Talk, [[{**ASK, "id": 1}, {**SAY, "mood": "calm"}]])
    assert "(id, mood)" in found["unknown_message_keys"].title.text()
