"""What the embedded engine reads of an example, counted.

A model with a tokenizer of its own is asked (`engine_model`). `starter` has none yet: it is made from the data, mostly
of characters, and so characters are what is counted, in the layout of the engine's trainer: a prompt, and a completion
with one token behind it that ends it; a message between one token that names the role and one that ends it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lib.pricing.chat_template import FAILURES
from lib.pricing.engine_model import EngineModel
from lib.pricing.hosted_tokens import text_of
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
            encoded = model.encode(record)
        except FAILURES:
            flat = _flat(model, record)
            flat.approximate = 1
            counted.merge(flat)
            continue
        trained = sum(token.trained for token in encoded.tokens)
        for token in encoded.tokens:
            if token.whose:
                counted.roles[token.whose] += 1
            else:
                counted.frame += 1
        counted.completion += trained
        counted.prompt += len(encoded.tokens) - trained
        counted.per_example.append(len(encoded.tokens))
    return counted


def _flat(model: EngineModel, record: Mapping[str, Any]) -> TokenCount:
    sheet = Sheet()
    book(sheet, record)
    return sheet.count([model.count(text) for text in sheet.texts])


def _messages(sheet: Sheet, messages: object) -> None:
    if not isinstance(messages, Sequence):
        return
    for message in messages:
        role, text = str(message.get("role")), text_of(message.get("content"))
        learns = role == "assistant" and message.get("weight") != 0 and text
        sheet.tokens("frame", "", PER_ROLE)
        sheet.text("completion" if learns else "prompt", role, text)
        sheet.tokens("completion" if learns else "prompt", role, PER_END)
