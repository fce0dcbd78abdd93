"""What format a file is in, in plain words and as a code that never changes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from lib.datasets.shapes.conversations import parsed
from lib.datasets.shapes.mapping import guess_roles, only_asks, sample
from lib.datasets.shapes.names import Role, plain
from lib.datasets.table import Cell, Note, Table
from lib.i18n import N_

WORDS = {
    "prompt_completion": N_("Prompts with completions: {columns}"),
    "chat": N_("OpenAI chat messages"),
    "chat_tools": N_("OpenAI chat messages with tools"),
    "chat_images": N_("Chat messages with a list of images beside them"),
    "preference": N_("Preferred and rejected answers: {columns}"),
    "reinforcement": N_("Questions with what an answer is judged by: {columns}"),
    "alpaca": N_("Alpaca: {columns}"),
    "sharegpt": N_("ShareGPT conversations"),
    "sharegpt_preference": N_("ShareGPT conversations with a preferred and a rejected answer"),
    "self_instruct": N_("Self-Instruct: instructions with instances"),
    "swift": N_("ms-swift: {columns}"),
    "kto": N_("Answers with a label that says whether they are wanted: {columns}"),
    "threads": N_("Lines of conversations, one in each row: {columns}"),
    "pairs": N_("Questions with answers: {columns}"),
    "text": N_("Texts without prompts"),
    "flat": N_("A table with the columns {columns}"),
}
LISTED = 8
"""Columns that a description names."""


@dataclass(frozen=True)
class Format:
    """A format of a file."""

    code: str
    """Names it in JSON and in the tests; new ones may come, none changes."""
    words: Note


def format_of(table: Table) -> Format:
    """Return the format of a table."""
    guess = guess_roles(table)
    roles = guess.roles
    code = code_of(table, roles, guess.guessed)
    beside = {Role.KEEP: "chat_tools", Role.IMAGES: "chat_images"} if code == "chat" else {}
    worded = next((words for role, words in beside.items() if role in roles.values()), code)
    used = [column for column in table.columns if roles[column] != Role.IGNORE] or table.columns
    named = ", ".join(column[:40] for column in used[:LISTED]) + ("…" if len(used) > LISTED else "")
    return Format(code, Note(WORDS[worded], {"columns": named}))


def describe(table: Table) -> Note:
    """Return the format of a table in plain words."""
    return format_of(table).words


def code_of(table: Table, roles: Mapping[str, Role], guessed: Collection[str]) -> str:
    """Return the code of a format: a key of `WORDS`. `guessed`: columns whose roles their names don't tell."""
    given, names = set(roles.values()), {plain(column) for column in table.columns}
    talk = next((turn_kind(sample(table, column)) for column, role in roles.items() if role == Role.MESSAGES), "")
    swift = {"rejected_response", "rejected_messages"} & names
    known = [
        ("threads", Role.THREAD in given),
        ("kto", Role.DESIRABLE in given),
        ("sharegpt_preference", Role.REJECTED in given and talk == "sharegpt"),
        ("swift", Role.REJECTED in given and bool(swift)),
        ("preference", Role.REJECTED in given),
        ("self_instruct", Role.INSTANCES in given),
        ("prompt_completion", {"prompt", "completion"} <= names),
        ("alpaca", {"instruction", "output"} <= names),
        ("swift", {"query", "response"} <= names),
        ("reinforcement", talk == "chat" and only_asks(table, roles)),
        (talk, bool(talk)),
    ]
    return next((code for code, fits in known if fits), of_columns(roles, guessed))


def of_columns(roles: Mapping[str, Role], guessed: Collection[str]) -> str:
    """Return the code of a table without conversations."""
    if len(roles) == 1:
        return "text"
    named = {role for column, role in roles.items() if column not in guessed}
    return "pairs" if named & {Role.COMPLETION, Role.ASSISTANT} and named & {Role.PROMPT, Role.USER} else "flat"


def turn_kind(cells: list[Cell]) -> str:
    """Return chat, sharegpt or swift: how the turns of conversations are written; "" when there are none."""
    for cell in cells:
        value = parsed(cell) if isinstance(cell, str) else cell
        turns = value.get("messages") if isinstance(value, dict) else value
        first = turns[0] if isinstance(turns, list) and turns else None
        if isinstance(first, dict):
            return "sharegpt" if "from" in first else "chat" if "role" in first else "swift"
        if isinstance(first, list):
            return "swift"
    return ""
