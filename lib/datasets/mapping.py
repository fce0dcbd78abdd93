"""What each column is for: a guess with its reason, which the user can change.

Columns are known by their names (Chinese and English) first and by what they hold second. The guess looks at a
sample of rows and never changes a cell.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from lib.datasets.conversations import as_messages
from lib.datasets.table import Cell, Note, Table
from lib.i18n import N_

SAMPLE_ROWS = 200


class Role(StrEnum):
    """What a column gives to an example. Columns of one role are joined in their order."""

    PROMPT = "prompt"
    COMPLETION = "completion"
    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    MESSAGES = "messages"
    KEEP = "keep"
    """Copied beside `messages`: tools, functions, parallel_tool_calls."""
    IMAGES = "images"
    """Addresses of the images that `<image>` stands for in the text."""
    INSTANCES = "instances"
    """Self-Instruct's list of one input with its output."""
    PREFERRED = "preferred"
    REJECTED = "rejected"
    DESIRABLE = "desirable"
    """True or false: whether the answer is wanted (KTO)."""
    REFERENCE = "reference"
    """What an answer is judged by in reinforcement; copied unchanged."""
    THREAD = "thread"
    """Names the conversation that a line belongs to."""
    ORDER = "order"
    """The place of a line in its conversation."""
    SPEAKER = "speaker"
    """Who says a line."""
    IGNORE = "ignore"


@dataclass(frozen=True)
class Guess:
    """A role for every column of the table, and why."""

    roles: dict[str, Role]
    reasons: dict[str, Note]


NAMES = {
    Role.MESSAGES: "messages conversations conversation history 对话 消息 对话历史 历史",
    Role.KEEP: "tools functions parallel_tool_calls",
    Role.SYSTEM: "system system_prompt 系统 系统提示 系统提示词",
    Role.USER: "user human 用户",
    Role.ASSISTANT: "assistant bot gpt chosen preferred_output preferred_completion 助手 机器人",
    Role.COMPLETION: "completion completions output outputs answer answers response responses reply target "
    "回答 答案 回复 输出 补全 应答 答复 结果",
    Role.PROMPT: "prompt prompts question questions instruction instructions input inputs query context "
    "问题 提问 指令 输入 提示 提示词 上下文 询问",
    Role.IGNORE: "id ids index idx uuid guid 序号 编号 标识 date time timestamp created_at updated_at url link source "
    "weight score split rejected non_preferred_output non_preferred_completion kto_tag images videos audios "
    "日期 时间 链接 来源",
}
KEPT = frozenset({"tools", "functions", "parallel_tool_calls"})
"""Columns that OpenAI's chat format has beside `messages`."""
BY_NAME = {name: role for role, names in NAMES.items() for name in names.split()}
LABELS = {"label", "labels", "category", "class", "intent", "sentiment", "标签", "类别", "分类", "意图", "情感"}
WHOLE_NUMBER = re.compile(r"\d{1,15}")
ASKED = {Role.PROMPT, Role.USER, Role.COMPLETION, Role.ASSISTANT}

NAMED = N_("The name of the column says so.")
HOLDS_MESSAGES = N_("It holds lists of messages.")
INDEX = N_("It only numbers the rows.")
EMPTY = N_("It is empty in the rows looked at.")
LONGEST = N_("It holds the longest texts: about {n} characters each.")
DESCRIBES = N_("Its short texts describe the row, so they ask for the completion.")
LABELS_ROW = N_("It labels the row, so it is what the model is to answer.")
ONLY = N_("It is the only column of text, so the model learns to write it.")
AFTER = N_("Prompt and completion are found in other columns.")


def guess_roles(table: Table) -> Guess:
    """Guess the role of every column."""
    roles: dict[str, Role] = {}
    reasons: dict[str, Note] = {}
    for column in table.columns:
        role, reasons[column] = by_name_or_kind(column, sample(table, column))
        if role in (Role.COMPLETION, Role.ASSISTANT) and role in roles.values():
            role, reasons[column] = Role.IGNORE, Note(AFTER)
        if role:
            roles[column] = role
    unknown = [column for column in table.columns if column not in roles]
    if Role.MESSAGES in roles.values() and not ASKED & set(roles.values()):
        settle(unknown, Role.IGNORE, Note(AFTER), roles, reasons)
    else:
        by_content(table, unknown, roles, reasons)
    return Guess({c: roles[c] for c in table.columns}, {c: reasons[c] for c in table.columns})


def by_name_or_kind(column: str, cells: Sequence[Cell]) -> tuple[Role | None, Note]:
    """Return the role that a name or the kind of its cells settles, or None."""
    role = BY_NAME.get(re.sub(r"[\s\-]+", "_", column.strip().lower()))
    if not any(cells):
        optional = role in (Role.SYSTEM, Role.PROMPT, Role.USER)
        return (role, Note(NAMED)) if optional else (Role.IGNORE, Note(EMPTY))
    if role in (Role.IGNORE, Role.KEEP, Role.SYSTEM, Role.ASSISTANT):
        return role, Note(NAMED)
    if holds_messages(cells, named=role is Role.MESSAGES):
        return Role.MESSAGES, Note(HOLDS_MESSAGES)
    if role is None and numbers_rows(column, cells):
        return Role.IGNORE, Note(INDEX)
    return (None if role is Role.MESSAGES else role), Note(NAMED)


def holds_messages(cells: Sequence[Cell], *, named: bool) -> bool:
    """Say whether most cells of a column hold conversations; text that spells them counts if the name says so."""
    filled = [cell for cell in cells if cell]
    if not named and not any(isinstance(cell, list) for cell in filled):
        return False
    return sum(as_messages(cell) is not None for cell in filled) >= 0.8 * len(filled)


def by_content(table: Table, columns: list[str], roles: dict[str, Role], reasons: dict[str, Note]) -> None:
    """Settle the columns whose name says nothing: a label or the longest is the completion, the others the prompt."""
    given = set(roles.values())
    if columns and not given & {Role.COMPLETION, Role.ASSISTANT}:
        lengths = {column: typical_length(sample(table, column)) for column in columns}
        labels = [column for column in columns if column.strip().lower() in LABELS]
        if labels and len(columns) > 1:
            settle(labels[:1], Role.COMPLETION, Note(LABELS_ROW), roles, reasons)
        else:
            longest = max(columns, key=lambda column: lengths[column])
            why = Note(LONGEST, {"n": lengths[longest]}) if len(columns) > 1 else Note(ONLY)
            settle([longest], Role.COMPLETION, why, roles, reasons)
    rest = [column for column in columns if column not in roles]
    asked = given & {Role.PROMPT, Role.USER, Role.MESSAGES}
    settle(rest, Role.IGNORE if asked else Role.PROMPT, Note(AFTER if asked else DESCRIBES), roles, reasons)


def settle(columns: list[str], role: Role, why: Note, roles: dict[str, Role], reasons: dict[str, Note]) -> None:
    for column in columns:
        roles[column], reasons[column] = role, why


def sample(table: Table, column: str) -> list[Cell]:
    """Return cells of a column from the first rows."""
    at = table.columns.index(column)
    return [row[at] for row in table.rows[:SAMPLE_ROWS]]


def numbers_rows(column: str, cells: Sequence[Cell]) -> bool:
    """Say whether a column numbers rows: one after the other, or just growing where it has no name of its own."""
    texts = [cell for cell in cells if isinstance(cell, str) and WHOLE_NUMBER.fullmatch(cell)]
    counted = [int(text) for text in texts]
    if len(texts) < len(cells) or len(texts) < 2 or [*map(str, counted)] != texts:
        return False
    steps = {b - a for a, b in pairwise(counted)}
    unnamed = column.startswith(("#", "Unnamed"))
    return min(steps) > 0 if unnamed else steps == {1} and counted[0] in (0, 1)


def typical_length(cells: Sequence[Cell]) -> int:
    """Return the average length of the cells of a column; empty ones count, so that a stray remark does not."""
    return sum(len(cell) if isinstance(cell, str) else len(str(cell)) for cell in cells) // max(1, len(cells))


def shape_of(table: Table) -> str:
    """Return chat, completion or flat: what the table already is."""
    roles = set(guess_roles(table).roles.values())
    if Role.MESSAGES in roles and not roles & {Role.COMPLETION, Role.ASSISTANT}:
        return "chat"
    return "completion" if {"prompt", "completion"} <= {c.strip().lower() for c in table.columns} else "flat"
