"""Tools over the wire: what goes to the worker, what comes back, and what is refused on the way."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest
from pydantic import BaseModel

from lib.engine.answers.chat_request import ChatRequest
from lib.engine.bodies import take
from lib.engine.limits import DEFAULTS
from tests.engine.support import AUTH, Running

HI = [{"role": "user", "content": "a b"}]
TOOLS: list[Any] = [{"type": "function", "function": {"name": name, "parameters": {}}} for name in ("f", "g")]
CALL = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}
ASKED = {"role": "assistant", "content": None, "tool_calls": [CALL]}
ANSWERED = {"role": "tool", "tool_call_id": "call_1", "content": "3"}


def ask(**fields: Any) -> dict[str, Any]:
    """Return what the worker is asked."""
    asked = take({"model": "m", "messages": HI} | fields, ChatRequest)
    asked.check(DEFAULTS)
    (one,) = asked.asks(DEFAULTS)
    return one


def test_a_call_comes_back_as_a_tool_call(engine: Running, model: str) -> None:
    chat = engine.client.chat.completions
    choice = chat.create(model=model, messages=HI, tools=TOOLS, tool_choice="required").choices[0]
    assert (choice.finish_reason, choice.message.content) == ("tool_calls", None)
    (call,) = choice.message.tool_calls or []
    assert (call.type, call.function.name) == ("function", "f")
    assert json.loads(call.function.arguments) == {"words": ["a", "b"]}
    assert call.id.startswith("call_")


def test_a_named_function_is_called_and_the_reason_is_stop_as_openais_is(engine: Running, model: str) -> None:
    named: Any = {"type": "function", "function": {"name": "g"}}
    choice = engine.client.chat.completions.create(model=model, messages=HI, tools=TOOLS, tool_choice=named).choices[0]
    assert choice.finish_reason == "stop"
    assert [call.function.name for call in choice.message.tool_calls or []] == ["g"]


def test_streamed_calls_are_deltas_with_an_index(engine: Running, model: str) -> None:
    chat = engine.client.chat.completions
    chunks = list(chat.create(model=model, messages=HI, tools=TOOLS, tool_choice="required", stream=True))
    deltas = [call for chunk in chunks for call in chunk.choices[0].delta.tool_calls or []]
    assert [(delta.index, delta.type, delta.function.name) for delta in deltas if delta.function] == [
        (0, "function", "f")
    ]
    assert chunks[-1].choices[0].finish_reason == "tool_calls"


def test_a_pydantic_model_is_parsed_from_the_answer(engine: Running, model: str) -> None:
    class Person(BaseModel):
        name: str

    messages: Any = [{"role": "user", "content": '{"name":"Li"}'}]
    answer = engine.client.chat.completions.parse(model=model, messages=messages, response_format=Person)
    assert answer.choices[0].message.parsed == Person(name="Li")


def test_the_worker_hears_of_tools_only_when_one_may_be_called() -> None:
    assert "tools" not in ask()
    assert "tools" not in ask(tools=TOOLS, tool_choice="none")
    free = ask(tools=TOOLS)
    assert (free["tool_choice"], free["parallel_tool_calls"], len(free["tools"])) == ("auto", True, 2)
    named = ask(tools=TOOLS, tool_choice={"type": "function", "function": {"name": "g"}}, parallel_tool_calls=False)
    assert [tool["function"]["name"] for tool in named["tools"]] == ["g"]
    assert (named["tool_choice"], named["parallel_tool_calls"]) == ("named", False)


def test_a_choice_among_allowed_tools_hides_the_others() -> None:
    allowed = {"mode": "required", "tools": [{"type": "function", "function": {"name": "g"}}]}
    asked = ask(tools=TOOLS, tool_choice={"type": "allowed_tools", "allowed_tools": allowed})
    assert [tool["function"]["name"] for tool in asked["tools"]] == ["g"]
    assert asked["tool_choice"] == "required"


def test_earlier_calls_reach_the_template_as_objects() -> None:
    turns = ask(messages=[*HI, ASKED, ANSWERED], tools=TOOLS)["messages"]
    assert turns[1]["tool_calls"][0]["function"] == {"name": "f", "arguments": {"a": 1}}
    assert turns[2] == {"role": "tool", "content": "3", "tool_call_id": "call_1"}


def test_a_form_reaches_the_worker_with_its_schema() -> None:
    form = {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}, "strict": True}}
    assert ask(response_format=form)["response_format"] == form
    assert ask(response_format={"type": "json_object"})["response_format"] == {"type": "json_object"}
    assert "response_format" not in ask(response_format={"type": "text"})


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"tools": [{"type": "function"}]}, "tools[0].function"),
        ({"tools": [{"type": "custom", "custom": {"name": "f"}}]}, "tools.0.type"),
        ({"tools": [{"type": "function", "function": {"name": "no spaces"}}]}, "tools.0.function.name"),
        ({"tools": [TOOLS[0], TOOLS[0]]}, "tools"),
        ({"tool_choice": "required"}, "tool_choice"),
        ({"tools": TOOLS, "tool_choice": {"type": "function", "function": {"name": "h"}}}, "tool_choice"),
        ({"tools": TOOLS, "tool_choice": {"type": "wizard"}}, "tool_choice"),
        ({"messages": [*HI, ASKED]}, "messages"),
        ({"messages": [*HI, ASKED, *HI]}, "messages"),
        ({"messages": [*HI, ANSWERED]}, "messages.1.role"),
        ({"messages": [*HI, {"role": "tool", "content": "3"}]}, "messages.1.tool_call_id"),
        ({"messages": [{"role": "user", "content": "a", "tool_calls": [CALL]}]}, "messages.0.tool_calls"),
    ],
)
def test_tools_that_do_not_fit_together_are_refused(
    engine: Running, model: str, fields: dict[str, Any], param: str
) -> None:
    body = {"model": model, "messages": HI} | fields
    answer = httpx2.post(f"{engine.url}/v1/chat/completions", json=body, headers=AUTH)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)
