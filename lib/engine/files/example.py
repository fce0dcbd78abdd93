"""What one example of a training file must look like: a chat, a prompt with its completion, or a preferred answer.

Promises the example's format, or a sentence that says what is wrong with it. The rules are those of OpenAI's guides
to supervised fine-tuning, direct preference optimization and function calling; keys that they do not name are let
through unread, because the trainer does not read them either. Knows nothing of files and lines.
"""

from __future__ import annotations

import json
import re
from typing import Any

CHAT, COMPLETION, PREFERENCE = "chat", "completion", "preference"
ROLES = frozenset({"system", "developer", "user", "assistant", "tool", "function"})
FUNCTION_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
"""Names of functions in OpenAI's API description."""
SPEAKER = re.compile(r"[^\s<|\\/>]{1,64}")
"""Names of speakers, after the refusal that OpenAI gives for others."""


class NotAnExample(Exception):
    """What is wrong with one example."""


def check_record(record: dict[str, Any]) -> str:
    """Return the format of one example; raise `NotAnExample` with a sentence if it is none."""
    if "messages" in record:
        _check_chat(record)
        return CHAT
    if "preferred_output" in record or "non_preferred_output" in record:
        _check_preference(record)
        return PREFERENCE
    for key in ("prompt", "completion"):
        if not isinstance(record.get(key), str):
            raise NotAnExample(f'"{key}" must be a text, or give "messages"')
    if not record["completion"].strip():
        raise NotAnExample('"completion" is empty: there is nothing to learn')
    return COMPLETION


def _check_chat(record: dict[str, Any]) -> None:
    messages = record["messages"]
    _check_messages(messages)
    _check_tools(record)
    if not any(message["role"] == "assistant" and message.get("weight") != 0 for message in messages):
        raise NotAnExample("there is no assistant message to learn from")
    if messages[-1]["role"] != "assistant":
        raise NotAnExample("the last message must be from the assistant")
    if not any(map(_teaches, messages)):
        raise NotAnExample("the assistant's messages are empty: there is nothing to learn")


def _check_preference(record: dict[str, Any]) -> None:
    asked = record.get("input")
    if not isinstance(asked, dict):
        raise NotAnExample('"input" must be an object with "messages"')
    _check_messages(asked.get("messages"), 'of "input"')
    _check_tools(asked)
    if asked["messages"][-1]["role"] == "assistant":
        raise NotAnExample('the last message of "input" must not be from the assistant: the outputs answer it')
    for side in ("preferred_output", "non_preferred_output"):
        output = record.get(side)
        _check_messages(output, f'of "{side}"', before=asked["messages"])
        if not isinstance(output, list) or output[-1]["role"] != "assistant":
            raise NotAnExample(f'the last message of "{side}" must be from the assistant')
        if not any(map(_teaches, output)):
            raise NotAnExample(f'"{side}" is empty: there is nothing to compare')


def _teaches(message: dict[str, Any]) -> bool:
    if message["role"] != "assistant" or message.get("weight") == 0:
        return False
    content = message.get("content")
    text = content if isinstance(content, str) else "".join(part["text"] for part in content or [])
    return bool(text.strip() or message.get("tool_calls") or message.get("function_call"))


def _check_messages(messages: object, where: str = "", before: list[dict[str, Any]] | None = None) -> None:
    if not isinstance(messages, list) or not messages:
        raise NotAnExample(f'"messages" {where} must be a list with at least one message'.replace("  ", " "))
    for position, message in enumerate(messages, 1):
        try:
            _check_message(message)
        except NotAnExample as problem:
            raise NotAnExample(f"message {position} {where}".rstrip() + f": {problem}") from None
    if any(m["role"] in ("tool", "function") or m.get("tool_calls") or m.get("function_call") for m in messages):
        _check_order_of_calls([*(before or []), *messages])


def _check_message(message: object) -> None:
    if not isinstance(message, dict):
        raise NotAnExample('it must be an object with "role" and "content"')
    role, content = message.get("role"), message.get("content")
    if not isinstance(role, str) or role not in ROLES:
        raise NotAnExample('it must have a "role": system, user or assistant')
    if role == "assistant":
        _check_calls(message)
        weight = message.get("weight")
        if weight is not None and (isinstance(weight, bool) or weight not in (0, 1)):
            raise NotAnExample('"weight" must be 0 or 1')
    elif message.get("weight") is not None or message.get("tool_calls") or message.get("function_call"):
        raise NotAnExample('only messages of the assistant may have "weight", "tool_calls" or "function_call"')
    calls = bool(message.get("tool_calls") or message.get("function_call"))
    if not isinstance(content, str) and not (calls and content is None) and not _is_text_parts(content):
        raise NotAnExample('"content" must be a text')
    if "name" in message or role == "function":
        _check_name(message.get("name"), role)


def _is_text_parts(content: object) -> bool:
    return (
        isinstance(content, list)
        and bool(content)
        and all(isinstance(p, dict) and p.get("type") == "text" and isinstance(p.get("text"), str) for p in content)
    )


def _check_name(name: object, role: str) -> None:
    pattern = FUNCTION_NAME if role == "function" else SPEAKER
    if name is None and role != "function":
        return
    if not isinstance(name, str) or not pattern.fullmatch(name):
        raise NotAnExample(f'"name" must match {pattern.pattern}')


def _check_calls(message: dict[str, Any]) -> None:
    calls = message.get("tool_calls")
    if calls is not None and (not isinstance(calls, list) or not calls):
        raise NotAnExample('"tool_calls" must be a list with at least one call')
    seen: set[str] = set()
    for call in calls or []:
        if not isinstance(call, dict) or not isinstance(call.get("id"), str) or call.get("type") != "function":
            raise NotAnExample('each of "tool_calls" must have an "id" and the "type": "function"')
        if call["id"] in seen:
            raise NotAnExample(f'two of "tool_calls" have the "id" {json.dumps(call["id"][:50])}')
        seen.add(call["id"])
        _check_call(call.get("function"))
    if message.get("function_call") is not None:
        _check_call(message["function_call"])


def _check_call(function: object) -> None:
    if not isinstance(function, dict) or not isinstance(function.get("arguments"), str):
        raise NotAnExample('a call must have a "name", and its "arguments" as a text of JSON')
    if not _is_function_name(function.get("name")):
        raise NotAnExample(f"the name of a called function must match {FUNCTION_NAME.pattern}")
    try:
        json.loads(function["arguments"] or "{}")
    except (ValueError, RecursionError):
        raise NotAnExample(f'the "arguments" of {function["name"]} are not JSON') from None


def _check_order_of_calls(messages: list[dict[str, Any]]) -> None:
    """Each call is answered before the talk goes on, and each answer names its call; the last may stay open."""
    waiting: set[str] = set()
    function_waits = False
    for position, message in enumerate(messages, 1):
        match message["role"]:
            case "tool":
                called = message.get("tool_call_id")
                if not isinstance(called, str) or called not in waiting:
                    raise NotAnExample(f'"tool_call_id" of message {position} names no call made just before')
                waiting.discard(called)
            case "function":
                if not function_waits:
                    raise NotAnExample(f"message {position} answers a function that was not called just before")
                function_waits = False
            case _:
                if waiting or function_waits:
                    raise NotAnExample(f"message {position} comes before a call made just before is answered")
                waiting = {call["id"] for call in message.get("tool_calls") or []}
                function_waits = bool(message.get("function_call"))


def _check_tools(record: dict[str, Any]) -> None:
    for key in ("tools", "functions"):
        offered = record.get(key)
        if offered is None:
            continue
        if not isinstance(offered, list):
            raise NotAnExample(f'"{key}" must be a list')
        for position, tool in enumerate(offered, 1):
            _check_tool(tool, key, position)
    if not isinstance(record.get("parallel_tool_calls"), bool | None):
        raise NotAnExample('"parallel_tool_calls" must be true or false')


def _check_tool(tool: object, key: str, position: int) -> None:
    function = tool
    if key == "tools":
        if not isinstance(tool, dict) or tool.get("type") != "function":
            raise NotAnExample(f'number {position} of "tools" must have the "type": "function"')
        function = tool.get("function")
    if not isinstance(function, dict) or not _is_function_name(function.get("name")):
        raise NotAnExample(f'number {position} of "{key}" must have a name that matches {FUNCTION_NAME.pattern}')
    if not isinstance(function.get("parameters"), dict | None):
        raise NotAnExample(f'"parameters" of {function["name"]} must be a JSON Schema, an object')


def _is_function_name(name: object) -> bool:
    return isinstance(name, str) and bool(FUNCTION_NAME.fullmatch(name))
