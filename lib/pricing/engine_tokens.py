"""What the embedded engine reads of an example, counted.

A model with a tokenizer of its own is asked (`engine_model`). `starter` has none yet: it is made from the data, mostly
of characters, and so characters are what is counted, in the layout of the engine's trainer: a prompt, and a completion
with one token behind it that ends it; a message between one token that names the role and one that ends it.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from lib.pricing.chat_template import FAILURES
from lib.pricing.engine_model import EngineModel
from lib.pricing.hosted_tokens import messages_of, text_of
from lib.pricing.sheet import Sheet
from lib.pricing.tally import TokenCount

PER_END = 1
PER_ROLE = 1


def book(sheet: Sheet, record: Mapping[str, Any]) -> None:
    """Book one example in any of the four formats, in the layout of `starter`."""
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


def measure(model: EngineModel, records: Sequence[Mapping[str, Any]]) -> TokenCount:
    """Count examples as the model's trainer encodes them.

    What its template was not made for is counted without it, at a flat cost for each message, and said to be
    approximate.
    """
    counted = TokenCount()
    for record in records:
        try:
            one = _chat(model, record) if "messages" in record else _pair(model, record)
        except FAILURES:
            one = _flat(model, record)
        counted.merge(one)
    return counted


def _pair(model: EngineModel, record: Mapping[str, Any]) -> TokenCount:
    prompt = model.count(record["prompt"]) + bool(model.begin)
    completion = model.count(record["completion"]) + bool(model.end)
    roles = Counter(prompt=prompt, completion=completion)
    return TokenCount(prompt, completion, roles=roles, per_example=array("I", [prompt + completion]))


def _chat(model: EngineModel, record: Mapping[str, Any]) -> TokenCount:
    chat = model.chat(record["messages"], record.get("tools"))
    starts = model.starts(chat)
    roles: Counter[str] = Counter()
    for (start, end), role in chat.said:
        roles[role] += bisect_left(starts, end) - bisect_left(starts, start)
    trained = sum(bisect_left(starts, end) - bisect_left(starts, start) for start, end in chat.targets)
    frame = len(starts) - sum(roles.values())
    return TokenCount(len(starts) - trained, trained, frame=frame, roles=roles, per_example=array("I", [len(starts)]))


def _flat(model: EngineModel, record: Mapping[str, Any]) -> TokenCount:
    sheet = Sheet()
    book(sheet, record)
    counted = sheet.count([model.count(text) for text in sheet.texts])
    counted.approximate = 1
    return counted


def _messages(sheet: Sheet, messages: object) -> None:
    for message in messages_of(messages):
        role, text = str(message.get("role")), text_of(message.get("content"))
        learns = role == "assistant" and message.get("weight") != 0 and text
        sheet.tokens("frame", "", PER_ROLE)
        sheet.text("completion" if learns else "prompt", role, text)
        sheet.tokens("completion" if learns else "prompt", role, PER_END)
