"""What a hosted service reads of an example: its texts, and what the chat format adds.

A chat example counts as OpenAI's cookbook counts it: 3 tokens per message, 1 per name, the tokens of every value, and
3 per example; tools count as their JSON, which is close but not exact. A preference counts as its conversation with
both answers behind it, a reinforcement example as its messages: what its grader compares with is not read by the
model.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeGuard

from lib.pricing.sheet import Sheet

Record = Mapping[str, Any]

PER_MESSAGE = 3
PER_NAME = 1
PER_EXAMPLE = 3
PARTS = {"text", "image_url"}
SAID = frozenset({"content", "refusal", "tool_calls", "function_call"})
"""What an assistant writes, and so learns."""


def book(sheet: Sheet, record: Record) -> None:
    """Book one example in any of the four formats."""
    if "messages" in record:
        _conversation(sheet, record, learning=True)
    elif "preferred_output" in record:
        asked = record.get("input")
        _conversation(sheet, asked if isinstance(asked, Mapping) else {}, learning=False)
        for answer in ("preferred_output", "non_preferred_output"):
            _messages(sheet, record.get(answer), learning=True)
    else:
        sheet.text("prompt", "prompt", text_of(record.get("prompt")))
        sheet.text("completion", "completion", text_of(record.get("completion")))
    sheet.close()


def text_of(value: object) -> str:
    """Return a value as the text that is counted: the text of content parts, other structures as JSON."""
    if not value:
        return ""
    if isinstance(value, str):
        return value
    if _parts(value):
        return "".join(text_of(part.get("text")) for part in value)
    return json.dumps(value, ensure_ascii=False)


def messages_of(value: object) -> list[Record]:
    """Return the messages in a value; what is no message is counted as one that holds only that."""
    if not isinstance(value, list):
        return [{"content": value}] if value else []
    return [message if isinstance(message, dict) else {"content": message} for message in value]


def _conversation(sheet: Sheet, record: Record, *, learning: bool) -> None:
    sheet.tokens("frame", "", PER_EXAMPLE)
    tools = record.get("tools") or record.get("functions")
    if tools:
        sheet.text("tools", "", text_of(tools))
    _messages(sheet, record.get("messages"), learning=learning)


def _messages(sheet: Sheet, messages: object, *, learning: bool) -> None:
    """Book messages; of an assistant's, what it says is learnt unless the message is weighted 0."""
    for message in messages_of(messages):
        role = str(message.get("role"))
        learns = learning and role == "assistant" and message.get("weight") != 0
        sheet.tokens("prompt", role, PER_MESSAGE + PER_NAME * ("name" in message))
        for key, value in message.items():
            if value and key != "weight":
                sheet.text("completion" if learns and key in SAID else "prompt", role, text_of(value))


def _parts(value: object) -> TypeGuard[list[Mapping[str, object]]]:
    """Say whether a value is a list of content parts. Images in them are billed by other rules and count nothing."""
    return isinstance(value, list) and all(isinstance(part, dict) and part.get("type") in PARTS for part in value)
