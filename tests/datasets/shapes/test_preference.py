from __future__ import annotations

import json
from typing import Any

import pytest

from lib.datasets.files.readers import read_table
from lib.datasets.recipe import Recipe
from lib.datasets.shapes.convert import Skip, convert, example_of
from lib.datasets.shapes.suggest import suggest_recipe

ASKED = [{"role": "user", "content": "q"}]
GOOD, BAD = {"role": "assistant", "content": "good"}, {"role": "assistant", "content": "bad"}
DPO = {"input": {"messages": ASKED}, "preferred_output": [GOOD], "non_preferred_output": [BAD]}


def converted(*rows: dict[str, Any], format: str | None = None) -> list[dict[str, Any]]:
    made = read_table("\n".join(map(json.dumps, rows * 2)).encode(), "a.jsonl")
    return convert(made, suggest_recipe(made, format=format)).records[: len(rows)]


@pytest.mark.parametrize(
    "row",
    [
        DPO,
        {"input": {"messages": ASKED}, "preferred_completion": [GOOD], "non_preferred_completion": [BAD]},
        {"prompt": "q", "chosen": "good", "rejected": "bad"},
        {"chosen": [*ASKED, GOOD], "rejected": [*ASKED, BAD]},
        {"prompt": "q", "chosen": [*ASKED, GOOD], "rejected": [*ASKED, BAD]},
        {"prompt": ASKED, "chosen": [GOOD], "rejected": [BAD]},
        {"instruction": "q", "input": "", "chosen": "good", "rejected": "bad"},
        {"messages": [*ASKED, GOOD], "rejected_response": "bad"},
        {"query": "q", "response": "good", "rejected_response": "bad"},
        {
            "conversations": [{"from": "human", "value": "q"}],
            "chosen": {"from": "gpt", "value": "good"},
            "rejected": {"from": "gpt", "value": "bad"},
        },
    ],
)
def test_all_ways_to_write_a_preference_become_openais(row: dict[str, Any]) -> None:
    assert converted(row) == [DPO]


def test_tools_stay_inside_the_input_and_nothing_changes_the_second_time() -> None:
    tools = [{"type": "function", "function": {"name": "f"}}]
    row = {**DPO, "input": {"messages": ASKED, "tools": tools, "parallel_tool_calls": False}}
    assert converted(row) == [row]
    flat = {"prompt": "q", "chosen": "good", "rejected": "bad", "tools": tools}
    assert converted(flat) == [{**DPO, "input": {"messages": ASKED, "tools": tools}}]


def test_the_preferred_answer_alone_makes_chat_or_a_completion() -> None:
    assert converted(DPO, format="chat") == [{"messages": [*ASKED, GOOD]}]
    assert converted(DPO, format="completion") == [{"prompt": "q ->", "completion": " good###"}]


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ({"prompt": "q", "chosen": "", "rejected": "b"}, "no_preferred"),
        ({"prompt": "q", "chosen": "a", "rejected": " "}, "no_rejected"),
        ({"prompt": "q", "chosen": "a", "rejected": "a"}, "same_answers"),
        ({"prompt": "", "chosen": "a", "rejected": "b"}, "no_question"),
        ({"prompt": "p", "chosen": [*ASKED, GOOD], "rejected": [*ASKED, BAD]}, "different_questions"),
    ],
)
def test_rows_that_prefer_nothing_are_left_out_with_the_reason(row: dict[str, Any], code: str) -> None:
    recipe = Recipe({"prompt": "prompt", "chosen": "preferred", "rejected": "rejected"}, "preference")
    made = example_of(row, recipe)
    assert isinstance(made, Skip)
    assert made.code == code


def test_pairs_can_not_become_preferences() -> None:
    made = example_of({"a": "q", "b": "x"}, Recipe({"a": "prompt", "b": "completion"}, "preference"))
    assert isinstance(made, Skip)
    assert made.code == "no_rejected"
