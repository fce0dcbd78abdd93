"""What the embedded engine reads of an example, where the model has no tokenizer yet: characters for `starter`.

The layout restates that of the engine's trainer: a prompt and a completion with one token behind it that ends it; a
message between one token that names the role and one that ends it. Tools are not part of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lib.pricing.hosted_tokens import text_of
from lib.pricing.sheet import Sheet

PER_END = 1
PER_ROLE = 1


def book(sheet: Sheet, record: Mapping[str, Any]) -> None:
    """Book one example in any of the four formats."""
    if "messages" in record:
        _messages(sheet, record["messages"])
    elif "preferred_output" in record:
        asked = record.get("input")
        _messages(sheet, asked.get("messages") if isinstance(asked, Mapping) else None)
        for answer in ("preferred_output", "non_preferred_output"):
            _messages(sheet, record.get(answer))
    else:
        sheet.text("prompt", "prompt", text_of(record.get("prompt")))
        sheet.text("completion", "completion", text_of(record.get("completion")))
        sheet.tokens("completion", "completion", PER_END)
    sheet.close()


def _messages(sheet: Sheet, messages: object) -> None:
    if not isinstance(messages, Sequence):
        return
    for message in messages:
        role = str(message.get("role"))
        learns = role == "assistant" and message.get("weight") != 0
        sheet.tokens("frame", "", PER_ROLE)
        sheet.text("completion" if learns else "prompt", role, text_of(message.get("content")))
        sheet.tokens("completion" if learns else "prompt", role, PER_END)
