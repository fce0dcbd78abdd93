"""A record as the texts a person reads, one after the other: who speaks, and what."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lib.i18n import N_, _

SPEAKERS = {
    "system": N_("System"),
    "developer": N_("Developer"),
    "user": N_("User"),
    "assistant": N_("Assistant"),
    "tool": N_("Tool"),
    "function": N_("Function"),
}
FIELDS = {
    "prompt": N_("Prompt"),
    "completion": N_("Completion"),
    "preferred_output": N_("Preferred answer"),
    "non_preferred_output": N_("Answer to avoid"),
    "tools": N_("Tools"),
    "functions": N_("Functions"),
}
LISTS = ("messages", "preferred_output", "non_preferred_output")
PLAIN = {"role", "content"}


@dataclass(frozen=True)
class Part:
    """One text of a record. `label` is ours, or a name from the file where we have none: escape it."""

    label: str
    text: str


def parts(record: Mapping[str, Any]) -> list[Part]:
    """Return the texts of a record in any of the four formats, in their order."""
    return list(_walk(record))


def _walk(record: Mapping[str, Any]) -> Iterator[Part]:
    for key, value in record.items():
        if key == "input" and isinstance(value, Mapping):
            yield from _walk(value)
        elif key in LISTS and isinstance(value, list):
            lead = "" if key == "messages" else _(FIELDS[key])
            for message in value:
                yield from _message(message, lead)
        else:
            yield Part(_(FIELDS[key]) if key in FIELDS else str(key), _text(value))


def _message(message: Any, lead: str) -> Iterator[Part]:
    if not isinstance(message, Mapping):
        yield Part(lead, _text(message))
        return
    role = str(message.get("role", ""))
    speaker = lead or (_(SPEAKERS[role]) if role in SPEAKERS else role)
    content = message.get("content")
    if content not in (None, ""):
        yield Part(speaker, _text(content))
    for key, value in message.items():
        if key not in PLAIN:
            yield Part(f"{speaker} · {key}", _text(value))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
