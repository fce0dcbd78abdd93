"""The many ways to write a conversation -> chat messages in OpenAI's shape.

Messages that have that shape already pass unchanged, with every key they carry. Tools written the way ShareGPT,
LLaMA-Factory and ms-swift do (`function_call` and `observation`, `tool_call` and `tool_response`) are turned into
calls by `lib.datasets.shapes.tool_calls`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, TypeAlias

from lib.datasets import jsonl

Message: TypeAlias = "dict[str, Any]"

KNOWN_ROLES = frozenset({"system", "developer", "user", "assistant", "tool", "function"})
CALL, ANSWER = "function_call", "observation"
"""Roles that only exist between reading and `lib.datasets.shapes.tool_calls`."""

ROLES = {
    **{role: role for role in KNOWN_ROLES},
    "human": "user",
    "用户": "user",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "bing": "assistant",
    "model": "assistant",
    "bot": "assistant",
    "助手": "assistant",
    "系统": "system",
    "function_call": CALL,
    "tool_call": CALL,
    "observation": ANSWER,
    "tool_response": ANSWER,
    "function_response": ANSWER,
}
PAIRS = [
    ("human", "assistant"),
    ("user", "assistant"),
    ("query", "response"),
    ("question", "answer"),
    ("instruction", "output"),
    ("问", "答"),
]
TEXTS = ("content", "value", "text")
PLAIN = frozenset({"role", "content", "name", "weight", "refusal", "tool_calls", "tool_call_id", "function_call"})
"""Keys that messages have in OpenAI's shape and nowhere else."""


def as_messages(cell: Any) -> list[Message] | None:
    """Return the messages that a cell holds, raw or as JSON text; None when it holds no conversation."""
    value = parsed(cell) if isinstance(cell, str) else cell
    if isinstance(value, dict):
        value = value.get("messages", [value])
    if not isinstance(value, list):
        return None
    if all(map(is_plain, value)):
        return value
    messages: list[Message] = []
    for item in value:
        turn = as_turn(item)
        if turn is None:
            return None
        messages += turn
    return messages


def is_plain(item: Any) -> bool:
    """Say whether an item is a message in OpenAI's shape already; one whose text is in parts is looked at twice."""
    if item.__class__ is not dict or item.get("role").__class__ is not str or item["role"] not in KNOWN_ROLES:
        return False
    content = item.get("content")
    return (content.__class__ is str and len(item) == 2) or (
        (content is None or content.__class__ is str) and item.keys() <= PLAIN
    )


def parsed(text: str) -> Any:
    """Return the list or object that a text spells out as JSON, or None."""
    if not text.lstrip().startswith(("[", "{")):
        return None
    try:
        return jsonl.loads(text)
    except json.JSONDecodeError:
        return None


def as_turn(item: Any) -> list[Message] | None:
    """Return the one or two messages of one entry, or None when it is no message."""
    if isinstance(item, list) and len(item) == 2 and all(isinstance(part, str) for part in item):
        return question_and_answer(item)
    if not isinstance(item, dict):
        return None
    if "role" in item:
        return [openai_message(item)] if isinstance(item["role"], str) else None
    if "from" in item and any(key in item for key in TEXTS):
        role = str(item["from"])
        return [openai_message({"role": role, **{key: value for key, value in item.items() if key != "from"}})]
    pair = next((keys for keys in PAIRS if set(keys) <= item.keys()), None)
    return question_and_answer([item[key] for key in pair]) if pair else None


def question_and_answer(pair: Sequence[Any]) -> list[Message]:
    return [{"role": "user", "content": pair[0]}, {"role": "assistant", "content": pair[1]}]


def openai_message(message: Message) -> Message:
    """Return a message unchanged, unless its role or text has another name, or it carries a loss weight."""
    changed = dict(message)
    role = changed["role"]
    if role not in KNOWN_ROLES:
        changed["role"] = ROLES.get(role.strip().lower(), role)
    if "content" not in changed:
        text = next((key for key in TEXTS if isinstance(changed.get(key), str)), None)
        if text:
            changed["content"] = changed.pop(text)
    content = changed.get("content")
    if isinstance(content, list) and content and all(is_value_part(part) for part in content):
        changed["content"] = "".join(part["value"] for part in content)
    return weighted(changed)


def weighted(message: Message) -> Message:
    """Return a message with OpenAI's `weight` for the `loss_weight` of LLaMA-Factory or the `loss` of ms-swift.

    Only 0 and 1 have a counterpart; any other weight stays as it is, for the reader to decide about.
    """
    for key in ("loss_weight", "loss"):
        value = message.get(key)
        if value in (0, 1):
            del message[key]
            if message["role"] == "assistant":
                message["weight"] = int(value)
    return message


def is_value_part(part: Any) -> bool:
    return isinstance(part, dict) and part.get("type") == "text" and isinstance(part.get("value"), str)
