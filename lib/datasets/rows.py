"""One row and the roles of its columns -> the parts an example is made of."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lib.datasets.conversations import Message, as_messages, parsed
from lib.datasets.mapping import Role
from lib.datasets.table import Cell


@dataclass(frozen=True)
class Row:
    """What the columns of one row give, by role. `unreadable` names a messages column that holds none here."""

    prompt: str = ""
    completion: str = ""
    system: str = ""
    messages: list[Message] = field(default_factory=list)
    answers: list[Message] = field(default_factory=list)
    kept: dict[str, Any] = field(default_factory=dict)
    unreadable: str = ""


def read_row(columns: Sequence[str], cells: Sequence[Cell], roles: Mapping[str, str], joiner: str) -> Row:
    """Gather the cells of a row by role. Texts of one role are joined in the order of their columns."""
    texts: dict[str, list[str]] = {}
    messages: list[Message] = []
    answers: list[Message] = []
    kept: dict[str, Any] = {}
    for column, cell in zip(columns, cells, strict=True):
        role = roles.get(column, Role.IGNORE)
        if role == Role.IGNORE or cell == "":
            continue
        if role == Role.MESSAGES:
            found = as_messages(cell)
            if found is None:
                return Row(unreadable=column)
            messages += found
        elif role == Role.KEEP:
            kept[column] = kept_value(cell)
        elif role == Role.ASSISTANT and not isinstance(cell, str) and (found := as_messages(cell)):
            answers += found
        else:
            texts.setdefault(PART[role], []).append(text_of(cell))
    joined = {part: joiner.join(filter(None, found)) for part, found in texts.items()}
    return Row(**joined, messages=messages, answers=answers, kept=kept)


PART: dict[str, str] = {
    Role.PROMPT: "prompt",
    Role.USER: "prompt",
    Role.COMPLETION: "completion",
    Role.ASSISTANT: "completion",
    Role.SYSTEM: "system",
}


def text_of(cell: Cell) -> str:
    """Return a cell as text; a structured value as JSON."""
    return cell if isinstance(cell, str) else json.dumps(cell, ensure_ascii=False)


def kept_value(cell: Cell) -> Any:
    """Return the JSON value that a cell was before it became text: `true` is True again."""
    if cell in ("true", "false"):
        return cell == "true"
    value = parsed(cell) if isinstance(cell, str) else cell
    return cell if value is None else value
