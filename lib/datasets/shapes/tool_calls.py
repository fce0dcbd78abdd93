"""Calls of tools as ShareGPT, LLaMA-Factory and ms-swift write them -> OpenAI's `tool_calls` and `tool` messages.

There a call is a message of its own, `{"name": ..., "arguments": {...}}` as JSON text (or a list of those), and the
answers follow in order without an id. Here each call gets the id `call_1`, `call_2`, ... within its conversation.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from lib.datasets.shapes.conversations import ANSWER, CALL, Message, parsed
from lib.datasets.shapes.skips import Skip, skip


def with_calls(messages: Sequence[Message]) -> list[Message] | Skip:
    """Return messages with calls and answers in OpenAI's shape, or why that can't be done without guessing."""
    done: list[Message] = []
    open_calls: list[str] = []
    made = 0
    for at, message in enumerate(messages):
        role = message.get("role")
        if role == CALL:
            calls = calls_in(message.get("content"))
            if not calls:
                return skip("broken_call")
            ids = [f"call_{made + n}" for n in range(1, len(calls) + 1)]
            made += len(calls)
            if done and messages[at - 1].get("role") == CALL:  # ms-swift writes parallel calls one after the other
                done[-1]["tool_calls"] += tool_calls(calls, ids)
                open_calls += ids
                continue
            if open_calls:
                return skip("unmatched_tool_answer")
            kept = {key: value for key, value in message.items() if key not in ("role", "content")}
            done.append({"role": "assistant", "content": None, "tool_calls": tool_calls(calls, ids), **kept})
            open_calls = ids
        elif role == ANSWER or (role == "tool" and open_calls and "tool_call_id" not in message):
            answers = answers_in(message.get("content"), len(open_calls))
            if not open_calls or len(answers) > len(open_calls):
                return skip("unmatched_tool_answer")
            for text in answers:
                done.append({"role": "tool", "tool_call_id": open_calls.pop(0), "content": text})
        elif open_calls:
            return skip("unmatched_tool_answer")
        else:
            done.append(message)
    return done


def calls_in(content: Any) -> list[tuple[str, str]]:
    """Return (name, arguments as JSON text) of each call a message holds; none when one of them is no call."""
    value = parsed(content) if isinstance(content, str) else content
    found: list[tuple[str, str]] = []
    for call in value if isinstance(value, list) else [value]:
        name = call.get("name") if isinstance(call, dict) else None
        if not isinstance(name, str) or "arguments" not in call:
            return []
        arguments = call["arguments"]
        found.append((name, arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)))
    return found


def tool_calls(calls: Sequence[tuple[str, str]], ids: Sequence[str]) -> list[dict[str, Any]]:
    return [
        {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}
        for id, (name, arguments) in zip(ids, calls, strict=True)
    ]


def answers_in(content: Any, expected: int) -> list[str]:
    """Return the answers of a message: the items of its list when that has one for each of several calls."""
    value = parsed(content) if isinstance(content, str) and expected > 1 else None
    if isinstance(value, list) and len(value) == expected:
        return [spelled(item) for item in value]
    return [spelled(content)]


def spelled(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def as_tools(value: Any) -> Any:
    """Return a list of tools in OpenAI's shape: bare functions, as ShareGPT lists them, are wrapped."""
    if not isinstance(value, list):
        return value
    return [
        {"type": "function", "function": tool}
        if isinstance(tool, dict) and "name" in tool and "function" not in tool and "type" not in tool
        else tool
        for tool in value
    ]
