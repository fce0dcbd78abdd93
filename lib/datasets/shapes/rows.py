"""One row and the roles of its columns -> the parts an example is made of."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lib.datasets.files.records import Scalar
from lib.datasets.shapes.conversations import ANSWER, CALL, Message, as_messages, parsed
from lib.datasets.shapes.mapping import Role
from lib.datasets.shapes.skips import REASONS, Skip, skip
from lib.datasets.shapes.templates import text_of
from lib.datasets.shapes.tool_calls import as_tools, with_calls
from lib.datasets.table import Note

PART: dict[str, str] = {
    Role.PROMPT: "prompt",
    Role.USER: "prompt",
    Role.COMPLETION: "completion",
    Role.ASSISTANT: "completion",
    Role.SYSTEM: "system",
}


@dataclass
class Row:
    """What the columns of one row give, by role."""

    prompt: str = ""
    completion: str = ""
    system: str = ""
    messages: list[Message] = field(default_factory=list)
    answers: list[Message] = field(default_factory=list)
    """Messages that a column of answers holds."""
    preferred: list[Message] = field(default_factory=list)
    rejected: list[Message] = field(default_factory=list)
    images: list[Any] = field(default_factory=list)
    kept: dict[str, Any] = field(default_factory=dict)
    """Tools and their like, in OpenAI's shape."""
    references: dict[str, Any] = field(default_factory=dict)
    """Exactly as they were."""


def read_row(fields: Mapping[str, Any], columns: Iterable[tuple[str, str]], joiner: str) -> Row | Skip:
    """Gather the cells of a row by role. Texts of one role are joined in the order of `columns`.

    `columns` are those that have a role, each with it. Values may be cells or raw JSON; null is "".
    """
    row = Row()
    texts: dict[str, list[str]] = {}
    for column, role in columns:
        cell = fields.get(column)
        if cell is None or cell == "":
            continue
        part = PART.get(role)
        if part and (isinstance(cell, str) or role != Role.ASSISTANT or not (found := as_messages(cell))):
            texts.setdefault(part, []).append(text_of(cell))
        elif part:
            row.answers += found or []
        elif problem := read_other(row, texts, column, role, cell):
            return problem
    for part, found_texts in texts.items():
        setattr(row, part, joiner.join(filter(None, found_texts)))
    return row


def read_other(row: Row, texts: dict[str, list[str]], column: str, role: str, cell: Any) -> Skip | None:
    """Put a cell that is no plain text into the row, or say why it can't be used."""
    if role == Role.MESSAGES:
        return read_messages(row, column, cell)
    if role == Role.KEEP:
        value = kept_value(cell)
        if value != [] or isinstance(cell, list):
            row.kept[column] = as_tools(value) if column == "tools" else value
    elif role == Role.REFERENCE:
        row.references[column] = scalar_value(cell)
    elif role == Role.PREFERRED:
        row.preferred += spoken(cell)
    elif role == Role.REJECTED:
        row.rejected += spoken(cell)
    elif role == Role.IMAGES:
        row.images += image_list(cell)
    elif role == Role.DESIRABLE:
        wanted = str(text_of(cell)).strip().lower()
        if wanted not in ("true", "false", "1", "0"):
            return skip("unclear_label")
        return None if wanted in ("true", "1") else skip("not_desirable")
    elif role == Role.INSTANCES:
        return read_instance(texts, column, cell)
    return None


def read_messages(row: Row, column: str, cell: Any) -> Skip | None:
    """Add the conversation of a cell; an object with messages may bring its tools along."""
    value = parsed(cell) if isinstance(cell, str) else cell
    found = as_messages(value)
    if found is None:
        return why_left_out(value) or skip("not_messages", column=column)
    if isinstance(value, dict) and "messages" in value:
        row.kept |= {key: kept for key, kept in value.items() if key != "messages" and kept is not None}
    if any(message.get("role") in (CALL, ANSWER) for message in found):
        called = with_calls(found)
        if isinstance(called, Skip):
            return called
        found = called
    row.messages = row.messages + found if row.messages else found
    return None


def left_out(problem: Skip) -> dict[str, Any]:
    """Return what stands in the place of a conversation that can't be put together."""
    return {"left_out": problem.code, "values": problem.reason.values}


def why_left_out(value: Any) -> Skip | None:
    """Return the reason that `left_out` has written down; None when the value is something else."""
    if not isinstance(value, dict) or value.keys() != {"left_out", "values"} or value["left_out"] not in REASONS:
        return None
    return Skip(value["left_out"], Note(REASONS[value["left_out"]], value["values"]))


def read_instance(texts: dict[str, list[str]], column: str, cell: Any) -> Skip | None:
    """Add the input and output of Self-Instruct's instances, where there is one."""
    value = parsed(cell) if isinstance(cell, str) else cell
    if not isinstance(value, list) or not all(isinstance(item, dict) and "output" in item for item in value):
        return skip("not_messages", column=column)
    if len(value) != 1:
        return skip("several_instances", n=len(value))
    texts.setdefault("prompt", []).append(text_of(value[0].get("input")))
    texts.setdefault("completion", []).append(text_of(value[0]["output"]))
    return None


def spoken(cell: Any) -> list[Message]:
    """Return the messages of an answer: those it holds, or its text as one message of the assistant."""
    value = parsed(cell) if isinstance(cell, str) else cell
    items = value if isinstance(value, list) else [value]
    if items and all(isinstance(item, dict) for item in items) and (found := as_messages(items)):
        return found
    return [{"role": "assistant", "content": text_of(cell)}]


def image_list(cell: Any) -> list[Any]:
    """Return the images of a cell: the items of its list, or the one it is."""
    value = parsed(cell) if isinstance(cell, str) else cell
    if isinstance(value, list):
        return value
    return [cell if value is None else value]


def kept_value(cell: Any) -> Any:
    """Return the JSON value that a cell was before it became text: `true` is True again."""
    if cell in ("true", "false"):
        return cell == "true"
    value = parsed(cell) if isinstance(cell, str) else cell
    return cell if value is None else value


def scalar_value(cell: Any) -> Any:
    """Return a number or boolean that was read as its JSON text as what it was; all else unchanged."""
    return json.loads(cell) if isinstance(cell, Scalar) else cell
