"""The many ways to write a conversation -> chat messages in OpenAI's shape.

Messages that have that shape already pass unchanged, with every key they carry.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, TypeAlias

from lib.datasets import jsonl
from lib.datasets.table import Cell

Message: TypeAlias = "dict[str, Any]"

ROLES = {
    "system": "system",
    "developer": "developer",
    "user": "user",
    "human": "user",
    "用户": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "model": "assistant",
    "bot": "assistant",
    "助手": "assistant",
    "tool": "tool",
    "observation": "tool",
    "function": "function",
}
PAIRS = [("human", "assistant"), ("user", "assistant"), ("query", "response"), ("question", "answer"), ("问", "答")]


def as_messages(cell: Cell) -> list[Message] | None:
    """Return the messages that a cell holds; None when it holds no conversation."""
    value: Any = cell
    if isinstance(cell, str):
        value = parsed(cell)
    if isinstance(value, dict):
        value = value.get("messages", [value])
    if not isinstance(value, list):
        return None
    messages: list[Message] = []
    for item in value:
        turn = as_turn(item)
        if turn is None:
            return None
        messages += turn
    return messages


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
    if "from" in item and "value" in item:
        return [{"role": ROLES.get(str(item["from"]).lower(), str(item["from"])), "content": item["value"]}]
    pair = next((keys for keys in PAIRS if set(keys) <= item.keys()), None)
    return question_and_answer([item[key] for key in pair]) if pair else None


def question_and_answer(pair: Sequence[Any]) -> list[Message]:
    return [{"role": "user", "content": pair[0]}, {"role": "assistant", "content": pair[1]}]


def openai_message(message: Message) -> Message:
    """Return a message unchanged, unless it holds text parts under `value` or a `loss_weight`."""
    content = message.get("content")
    if "loss_weight" not in message and not isinstance(content, list):
        return message
    changed = dict(message)
    if isinstance(content, list) and content and all(is_value_part(part) for part in content):
        changed["content"] = "".join(part["value"] for part in content)
    if changed.get("role") == "assistant" and message.get("loss_weight") in (0, 1):
        changed["weight"] = int(message["loss_weight"])
    changed.pop("loss_weight", None)
    return changed


def is_value_part(part: Any) -> bool:
    return isinstance(part, dict) and part.get("type") == "text" and isinstance(part.get("value"), str)
