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
                yield from texts_in(spelled_out(item) if key == ARGUMENTS else item)


def map_texts(value: Any, change: Callable[[str], str]) -> Any:
    """Return a record with every text changed; the very same object if no text changes."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        items = [map_texts(item, change) for item in value]
        return value if all(new is old for new, old in zip(items, value, strict=True)) else items
    if isinstance(value, dict):
        fields = {key: map_field(key, item, change) for key, item in value.items()}
        return value if all(fields[key] is item for key, item in value.items()) else fields
    return value


def map_field(key: str, item: Any, change: Callable[[str], str]) -> Any:
    """Return one field of a record, changed. Arguments that are JSON are still JSON afterwards."""
    if key in NO_TEXT:
        return item
    if key != ARGUMENTS or not isinstance(item, str):
        return map_texts(item, change)
    meant = spelled_out(item)
    changed = map_texts(meant, change)
    if changed is meant or isinstance(meant, str):
        return changed
    return json.dumps(changed, ensure_ascii=False)


def spelled_out(arguments: Any) -> Any:
    """Return what arguments say, numbers as text; what is no JSON object stays the text it is."""
    if not isinstance(arguments, str):
        return arguments
    try:
        meant = json.loads(arguments)
    except (ValueError, RecursionError):
        return arguments
    return meant if isinstance(meant, dict) else arguments


def more_texts(view: View) -> list[str]:
    """Return the texts of an example that stand neither in the prompt nor in the completion of its view."""
    record = view.record
    if record.keys() <= {"prompt", "completion"} or is_plain_chat(record):
        return []
    seen = {view.prompt, view.completion}
    return [text for text in texts_in(record) if text and text not in seen and text not in view.prompt]


def is_plain_chat(record: dict[str, Any]) -> bool:
    """Say whether a record is nothing but messages of a role and a text, as nearly all are."""
    messages = record.get("messages")
    if len(record) != 1 or not isinstance(messages, list):
        return False
    for message in messages:  # noqa: SIM110 - all() takes twice as long, and this runs for every example
        if len(message) != 2 or type(message.get("content")) is not str:
            return False
    return True
