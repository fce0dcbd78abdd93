"""What each column is for: a guess with its reason, which the user can change.

Columns are known by their names (Chinese and English) first and by what they hold second. The guess looks at a
sample of rows and never changes a cell. A column of numbers, dates or codes is never taken for a text by what it
holds; only its name can make it one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from lib.datasets.shapes.conversations import as_messages
from lib.datasets.shapes.names import (
    BY_NAME,
    IDENTIFIES,
    KEPT,
    LABELS,
    ORDERS,
    SPEAKERS,
    THREADS,
    VERDICTS,
    Role,
    part_says,
    plain,
)
from lib.datasets.shapes.speakers import known_speakers
from lib.datasets.table import Cell, Note, Table
from lib.i18n import N_

__all__ = ["KEPT", "Guess", "Role", "guess_roles", "shape_of"]

SAMPLE_ROWS = 200


@dataclass(frozen=True)
class Guess:
    """A role for every column of the table, and why."""

    roles: dict[str, Role]
    reasons: dict[str, Note]
    guessed: set[str] = field(default_factory=set)
    """Columns whose role follows from what they hold or from a part of their name: worth a second look."""


WHOLE_NUMBER = re.compile(r"\d{1,15}")
NUMBER = re.compile(r"[-+]?[\d,]*\.?\d+(e[-+]?\d+)?\s*[%$€£¥元]?|[$€£¥]\s*[\d,]*\.?\d+", re.IGNORECASE)
DATE = re.compile(r"\d{2,4}[-/.年]\d{1,2}[-/.月]\d{1,4}日?([ T]\d{1,2}:\d{2}.*)?|\d{1,2}:\d{2}(:\d{2})?")
CODE = re.compile(r"[\w.-]*\d[\w.-]*|[0-9a-fA-F-]{16,}", re.ASCII)
ADDRESS = re.compile(r"https?://\S+")
ASKED = {Role.PROMPT, Role.USER, Role.COMPLETION, Role.ASSISTANT, Role.INSTANCES}
ANSWERS = {Role.COMPLETION, Role.ASSISTANT, Role.PREFERRED, Role.INSTANCES}

NAMED = N_("The name of the column says so.")
PARTLY_NAMED = N_("A part of the column's name says so.")
HOLDS_MESSAGES = N_("It holds lists of messages.")
INDEX = N_("It only numbers the rows.")
NUMBERS = N_("It holds numbers, dates or codes, not texts.")
NO_MESSAGES = N_("It is called messages, and holds no list of messages.")
EMPTY = N_("It is empty in the rows looked at.")
LONGEST = N_("It holds the longest texts: about {n} characters each.")
DESCRIBES = N_("Its short texts describe the row, so they ask for the completion.")
LABELS_ROW = N_("It labels the row, so it is what the model is to answer.")
ONLY = N_("It is the only column of text, so the model learns to write it.")
AFTER = N_("Prompt and completion are found in other columns.")
VERDICT = N_("It holds only true and false beside an answer: whether the answer is wanted.")
JUDGED = N_("The conversations end with a question, so this is what an answer is judged by.")
REPEATS = N_("Its values come again, and another column says who speaks: the lines of one conversation share it.")
IN_ORDER = N_("It puts the lines of a conversation in order.")
WHO = N_("It names who speaks.")
SAID = N_("It holds what is said.")


def guess_roles(table: Table) -> Guess:
    """Guess the role of every column."""
    roles: dict[str, Role] = {}
    reasons: dict[str, Note] = {}
    by_threads(table, roles, reasons)
    guessed = set(roles)
    for column in table.columns:
        if column in roles:
            continue
        role, reasons[column] = by_name_or_kind(column, sample(table, column))
        if role in (Role.COMPLETION, Role.ASSISTANT) and role in roles.values():
            role, reasons[column] = Role.IGNORE, Note(AFTER)
        if role:
            roles[column] = role
    by_verdict(table, roles, reasons)
    unknown = [column for column in table.columns if column not in roles]
    guessed |= set(unknown)
    if Role.THREAD in roles.values() or (Role.MESSAGES in roles.values() and not ASKED & set(roles.values())):
        settle(unknown, Role.IGNORE, Note(AFTER), roles, reasons)
    else:
        by_content(table, unknown, roles, reasons)
    one_sided(roles)
    by_end(table, roles, reasons)
    return Guess({c: roles[c] for c in table.columns}, {c: reasons[c] for c in table.columns}, guessed)


def by_name_or_kind(  # noqa: PLR0911 - one line a rule
    column: str, cells: Sequence[Cell]
) -> tuple[Role | None, Note]:
    """Return the role that a name or the kind of its cells settles, or None."""
    name = plain(column)
    role = BY_NAME.get(name)
    if not any(cells):
        optional = role in (Role.SYSTEM, Role.PROMPT, Role.USER, Role.PREFERRED, Role.REJECTED)
        return (role, Note(NAMED)) if optional else (Role.IGNORE, Note(EMPTY))
    if role in (Role.USER, Role.ASSISTANT) and not_text(f"{name}_id", cells):
        role, name = None, f"{name}_id"  # it numbers users, and holds nothing that they say
    if role in (Role.IMAGES, Role.INSTANCES):
        return (role if any(isinstance(cell, list) for cell in cells) else Role.IGNORE), Note(NAMED)
    if role not in (None, Role.MESSAGES, Role.PROMPT, Role.COMPLETION, Role.USER):
        return role, Note(NAMED)
    wraps = name == "input" and any(isinstance(cell, dict) and "messages" in cell for cell in cells)
    if wraps or holds_messages(cells, named=role is Role.MESSAGES):
        return Role.MESSAGES, Note(HOLDS_MESSAGES)
    if name == "messages":  # as an answer it would be taken for the conversation in the file that is made of it
        return Role.IGNORE, Note(NO_MESSAGES)
    if role is None:
        number = numbers_rows(column, cells)
        if number or not_text(name, cells):
            return Role.IGNORE, Note(INDEX if number else NUMBERS)
    return (None if role is Role.MESSAGES else role), Note(NAMED)


def by_threads(table: Table, roles: dict[str, Role], reasons: dict[str, Note]) -> None:
    """Settle the columns of a table that holds one line of a conversation in each row."""
    names = {column: plain(column) for column in table.columns}
    thread = next((c for c, name in names.items() if name in THREADS and repeats(sample(table, c))), None)
    speaker = next((c for c, name in names.items() if name in SPEAKERS and known_speakers(sample(table, c))), None)
    if thread is None:
        return
    texts = [c for c in table.columns if c not in (thread, speaker) and not not_text(names[c], sample(table, c))]
    order = next((c for c, name in names.items() if name in ORDERS and c not in (thread, speaker)), None)
    pair = {BY_NAME.get(names[c]) for c in texts} & ASKED
    if speaker is not None and texts:
        said = max(texts, key=lambda column: typical_length(sample(table, column)))
        settle([speaker], Role.SPEAKER, Note(WHO), roles, reasons)
        settle([said], Role.LINE, Note(SAID), roles, reasons)
    elif order is None or len(pair) < 2:
        return
    settle([thread], Role.THREAD, Note(REPEATS), roles, reasons)
    settle([order] if order else [], Role.ORDER, Note(IN_ORDER), roles, reasons)


def by_verdict(table: Table, roles: dict[str, Role], reasons: dict[str, Note]) -> None:
    """Settle a column of true and false beside an answer that is there already: KTO's label."""
    if not {Role.MESSAGES, Role.COMPLETION, Role.ASSISTANT} & set(roles.values()):
        return
    for column in table.columns:
        verdicts = {str(cell).lower() for cell in sample(table, column) if cell != ""}
        if plain(column) in VERDICTS and verdicts and verdicts <= {"true", "false"}:
            settle([column], Role.DESIRABLE, Note(VERDICT), roles, reasons)
            return


def by_content(table: Table, columns: list[str], roles: dict[str, Role], reasons: dict[str, Note]) -> None:
    """Settle the columns whose name alone says nothing.

    A part of the name may say it; else a label or the longest is the completion, the others the prompt.
    """
    for column in columns:
        role = part_says(plain(column))
        if role and role not in roles.values():
            settle([column], role, Note(PARTLY_NAMED), roles, reasons)
    columns = [column for column in columns if column not in roles]
    given = set(roles.values())
    if columns and not given & ANSWERS:
        lengths = {column: typical_length(sample(table, column)) for column in columns}
        labels = [column for column in columns if plain(column) in LABELS]
        if labels and (len(columns) > 1 or given & {Role.PROMPT, Role.USER}):
            settle(labels[:1], Role.COMPLETION, Note(LABELS_ROW), roles, reasons)
        else:
            longest = max(columns, key=lambda column: lengths[column])
            why = Note(LONGEST, {"n": lengths[longest]}) if len(columns) > 1 else Note(ONLY)
            settle([longest], Role.COMPLETION, why, roles, reasons)
    rest = [column for column in columns if column not in roles]
    asked = given & {Role.PROMPT, Role.USER, Role.MESSAGES, Role.INSTANCES}
    settle(rest, Role.IGNORE if asked else Role.PROMPT, Note(AFTER if asked else DESCRIBES), roles, reasons)


def one_sided(roles: dict[str, Role]) -> None:
    """Take a preferred answer without another for the answer, and another without an answer for nothing."""
    given = set(roles.values())
    for column, role in list(roles.items()):
        if role == Role.PREFERRED and Role.REJECTED not in given:
            roles[column] = Role.ASSISTANT
        if role == Role.REJECTED and not given & (ANSWERS | {Role.MESSAGES}):
            roles[column] = Role.IGNORE


def by_end(table: Table, roles: dict[str, Role], reasons: dict[str, Note]) -> None:
    """Settle what stands beside conversations that nobody has answered: all of it may judge an answer."""
    if only_asks(table, roles):
        beside = [c for c, role in roles.items() if role == Role.IGNORE and reasons[c].template != EMPTY]
        settle(beside, Role.REFERENCE, Note(JUDGED), roles, reasons)


def only_asks(table: Table, roles: Mapping[str, str]) -> bool:
    """Say whether there are conversations, most of them end with the user, and nothing else answers them."""
    talks = [column for column in table.columns if roles.get(column) == Role.MESSAGES]
    if len(talks) != 1 or set(roles.values()) & (ASKED | {Role.PREFERRED, Role.REJECTED}):
        return False
    found = [messages for cell in sample(table, talks[0]) if (messages := as_messages(cell))]
    return bool(found) and sum(messages[-1].get("role") == "user" for messages in found) >= 0.8 * len(found)


def settle(columns: list[str], role: Role, why: Note, roles: dict[str, Role], reasons: dict[str, Note]) -> None:
    for column in columns:
        roles[column], reasons[column] = role, why


def sample(table: Table, column: str) -> list[Cell]:
    """Return cells of a column from the first rows."""
    at = table.columns.index(column)
    return [row[at] for row in table.rows[:SAMPLE_ROWS]]


def holds_messages(cells: Sequence[Cell], *, named: bool) -> bool:
    """Say whether most cells of a column hold conversations; text that spells them counts if the name says so."""
    filled = [cell for cell in cells if cell]
    if not named and not any(isinstance(cell, list) for cell in filled):
        return False
    return sum(as_messages(cell) is not None for cell in filled) >= 0.8 * len(filled)


def not_text(name: str, cells: Sequence[Cell]) -> bool:
    """Say whether a column holds numbers, dates, addresses or codes, judged by most of its filled cells."""
    texts = [cell.strip() for cell in cells if isinstance(cell, str) and cell.strip()]
    if not texts or len(texts) < sum(bool(cell) for cell in cells) or name in LABELS:
        return False
    codes = sum(bool(CODE.fullmatch(text)) for text in texts)
    if IDENTIFIES.search(name) and codes * 2 > len(texts):
        return True
    counted = sum(bool(p.fullmatch(text)) for text in texts for p in (NUMBER, DATE, ADDRESS))
    different = len(set(texts)) == len(texts) > 1
    return counted >= 0.8 * len(texts) or (different and codes == len(texts) and min(map(len, texts)) > 4)


def numbers_rows(column: str, cells: Sequence[Cell]) -> bool:
    """Say whether a column numbers rows: one after the other, or just growing where it has no name of its own."""
    texts = [cell for cell in cells if isinstance(cell, str) and WHOLE_NUMBER.fullmatch(cell)]
    counted = [int(text) for text in texts]
    if len(texts) < len(cells) or len(texts) < 2 or [*map(str, counted)] != texts:
        return False
    steps = {b - a for a, b in pairwise(counted)}
    unnamed = column.startswith(("#", "Unnamed"))
    return min(steps) > 0 if unnamed else steps == {1} and counted[0] in (0, 1)


def repeats(cells: Sequence[Cell]) -> bool:
    """Say whether values come again, as the names of conversations do on each of their lines."""
    named = [str(cell) for cell in cells if cell != ""]
    return 0 < len(set(named)) < len(named)


def typical_length(cells: Sequence[Cell]) -> int:
    """Return the average length of the cells of a column; empty ones count, so that a stray remark does not."""
    return sum(len(cell) if isinstance(cell, str) else len(str(cell)) for cell in cells) // max(1, len(cells))


def shape_of(table: Table) -> str:
    """Return chat, completion or flat: what the table already is."""
    roles: Mapping[str, Role] = guess_roles(table).roles
    given = set(roles.values())
    if Role.MESSAGES in given and not given & {Role.COMPLETION, Role.ASSISTANT, Role.PREFERRED, Role.REJECTED}:
        return "chat"
    return "completion" if {"prompt", "completion"} <= {c.strip().lower() for c in table.columns} else "flat"
