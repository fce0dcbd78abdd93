from __future__ import annotations

import json

import pytest

from lib.datasets.files.readers import read_table
from lib.datasets.recipe import Recipe
from lib.datasets.shapes.convert import Skip, example_of
from lib.datasets.shapes.suggest import suggest_recipe

TALK = Recipe({"conversations": "messages", "messages": "messages", "tools": "keep"}, "chat")
CALL = {"name": "weather", "arguments": {"city": "上海"}}


def made_call(id: str, name: str = "weather", arguments: str = '{"city": "上海"}') -> dict[str, object]:
    return {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}


def test_calls_and_observations_of_sharegpt_become_tool_calls_and_their_answers() -> None:
    turns = [
        {"from": "human", "value": "weather?"},
        {"from": "function_call", "value": json.dumps(CALL, ensure_ascii=False)},
        {"from": "observation", "value": '{"t": 20}'},
        {"from": "gpt", "value": "20 degrees"},
    ]
    tools = '[{"name": "weather", "description": "d", "parameters": {}}]'
    made = read_table(json.dumps([{"conversations": turns, "tools": tools}]).encode(), "a.json")
    record = example_of({"conversations": turns, "tools": tools}, suggest_recipe(made))
    assert record == {
        "messages": [
            {"role": "user", "content": "weather?"},
            {"role": "assistant", "content": None, "tool_calls": [made_call("call_1")]},
            {"role": "tool", "tool_call_id": "call_1", "content": '{"t": 20}'},
            {"role": "assistant", "content": "20 degrees"},
        ],
        "tools": [{"type": "function", "function": {"name": "weather", "description": "d", "parameters": {}}}],
    }
    assert example_of(record, suggest_recipe(made)) == record


def test_parallel_calls_are_one_message_and_are_answered_in_order() -> None:
    turns = [
        {"role": "user", "content": "both?"},
        {"role": "tool_call", "content": '{"name": "a", "arguments": "{}"}'},
        {"role": "tool_call", "content": '{"name": "b", "arguments": {}}'},
        {"role": "tool_response", "content": "1"},
        {"role": "tool_response", "content": "2"},
        {"role": "assistant", "content": "1 and 2"},
    ]
    record = example_of({"messages": turns}, TALK)
    assert isinstance(record, dict)
    assert record["messages"][1]["tool_calls"] == [made_call("call_1", "a", "{}"), made_call("call_2", "b", "{}")]
    assert [m.get("tool_call_id") for m in record["messages"][2:4]] == ["call_1", "call_2"]


@pytest.mark.parametrize(
    ("middle", "code"),
    [
        ([{"role": "tool_call", "content": "not json"}], "broken_call"),
        ([{"role": "tool_call", "content": json.dumps(CALL)}], "unmatched_tool_answer"),
        ([{"role": "tool_response", "content": "1"}], "unmatched_tool_answer"),
    ],
)
def test_calls_that_can_only_be_guessed_leave_the_row_out(middle: list[dict[str, str]], code: str) -> None:
    turns = [{"role": "user", "content": "a"}, *middle, {"role": "assistant", "content": "b"}]
    made = example_of({"messages": turns}, TALK)
    assert isinstance(made, Skip)
    assert made.code == code


def test_a_conversation_may_end_with_a_call() -> None:
    turns = [{"from": "human", "value": "a"}, {"from": "function_call", "value": json.dumps([CALL, CALL])}]
    record = example_of({"conversations": turns}, TALK)
    assert isinstance(record, dict)
    assert len(record["messages"][-1]["tool_calls"]) == 2
