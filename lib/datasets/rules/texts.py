"""The texts inside an example, wherever they stand: to look through them, and to rewrite them.

Texts are the prompt, the completion, the content of every message, refusals, reference fields, and the strings inside
the arguments of tool calls. Roles, kinds, names, ids, the definitions of tools and what is encoded (images, sound) are
no text: a change there would break the example.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from lib.datasets.rules.base import View

NO_TEXT = frozenset(
    {"role", "type", "id", "name", "tool_call_id", "tools", "functions", "image_url", "input_audio", "file", "detail"}
)
ARGUMENTS = "arguments"
"""The one key whose text is JSON: OpenAI's tool and function calls."""


def texts_in(value: Any) -> Iterator[str]:
    """Yield every text of a record, or of a part of one, in order."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from texts_in(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key not in NO_TEXT:
                meant = spelled_out(item) if key == ARGUMENTS else None
                yield from texts_in(item) if meant is None else values_in(meant)


def map_texts(value: Any, change: Callable[[str], str]) -> Any:
    """Return a record with every text changed; the very same object if no text changes."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return same_or(value, [map_texts(item, change) for item in value])
    if isinstance(value, dict):
        return same_or(value, {key: map_field(key, item, change) for key, item in value.items()})
    return value


def map_field(key: str, item: Any, change: Callable[[str], str]) -> Any:
    """Return one field of a record, changed. Arguments that are JSON are still JSON afterwards."""
    if key in NO_TEXT:
        return item
    meant = spelled_out(item) if key == ARGUMENTS else None
    if meant is None:
        return map_texts(item, change)
    changed = map_values(meant, change)
    return item if changed is meant else json.dumps(changed, ensure_ascii=False)


def spelled_out(arguments: Any) -> dict[str, Any] | None:
    """Return the object that arguments spell out in JSON; None when they don't."""
    try:
        meant = json.loads(arguments) if isinstance(arguments, str) else None
    except (ValueError, RecursionError):
        return None
    return meant if isinstance(meant, dict) else None


def values_in(value: Any) -> Iterator[str]:
    """Yield what arguments say, numbers as they are written. Their keys are the tool's, not text."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield json.dumps(value)
    elif isinstance(value, list | dict):
        for item in value.values() if isinstance(value, dict) else value:
            yield from values_in(item)


def map_values(value: Any, change: Callable[[str], str]) -> Any:
    """Return arguments with every value changed; a number that changes becomes a text."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        written = json.dumps(value)
        changed = change(written)
        return value if changed == written else changed
    if isinstance(value, list):
        return same_or(value, [map_values(item, change) for item in value])
    if isinstance(value, dict):
        return same_or(value, {key: map_values(item, change) for key, item in value.items()})
    return value


def same_or(value: Any, changed: Any) -> Any:
    """Return the old list or object when all of its items are the old ones, else the new."""
    pairs = zip(changed, value, strict=True) if isinstance(value, list) else ((changed[k], value[k]) for k in value)
    return value if all(new is old for new, old in pairs) else changed


def more_texts(view: View) -> list[str]:
    """Return the texts of an example that stand neither in the prompt nor in the completion of its view."""
    record = view.record
    if view.talk or record.keys() <= {"prompt", "completion"}:
        return []
    seen = {view.prompt, view.completion}
    return [text for text in texts_in(record) if text and text not in seen and text not in view.prompt]
