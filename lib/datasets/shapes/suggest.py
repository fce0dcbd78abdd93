"""A recipe that fits a table: its roles, its format, and marks that collide with no text in it.

Separator and stop are the first of their lists that appear in no text. A file that already has them keeps them.

A completion gets a leading space when most of them begin with a letter of a script that puts spaces between words:
tokenizers of such languages know " word" better than "word". Chinese and Japanese have no such tokens, so there a
space would only be one token more to learn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain, count

from lib.datasets.recipe import CHAT, COMPLETION, PREFERENCE, REINFORCEMENT, Recipe
from lib.datasets.rules.endings import SEPARATORS, STOPS, is_free
from lib.datasets.rules.letters import SPACED_SCRIPTS_END
from lib.datasets.shapes.convert import convert
from lib.datasets.shapes.mapping import Role, guess_roles, only_asks
from lib.datasets.shapes.names import plain
from lib.datasets.shapes.rows import read_row
from lib.datasets.shapes.skips import Skip
from lib.datasets.shapes.templates import text_of
from lib.datasets.shapes.threads import MESSAGES, gather
from lib.datasets.shapes.turns import leads
from lib.datasets.table import Table

OLD_STOPS = [*STOPS, "\n\n###\n\n", "\n###", "***"]
"""Endings that a file prepared by other tools may have."""
NATURAL_STOPS = {"\n": 0.8, ".": 1.0}
"""Endings that texts have by nature too -> the part of the texts they must not stand inside of, to count as a stop."""
TALKS = {Role.MESSAGES, Role.SYSTEM, Role.USER, Role.ASSISTANT, Role.IMAGES}
"""Columns of these roles ask for chat; prompt and completion alone do not."""
SHORT = 20


def suggest_recipe(table: Table, roles: Mapping[str, str] | None = None, format: str | None = None) -> Recipe:
    """Propose a recipe for a table: roles and format as given or guessed, and free marks.

    Raises `NoUsableColumns` when the roles leave nothing to learn from.
    """
    roles = {column: str(role) for column, role in (roles or guess_roles(table).roles).items()}
    if Role.THREAD in roles.values():
        return of_threads(table, roles, format)
    format = format or format_of_roles(table, roles)
    bare = Recipe(
        roles,
        COMPLETION,
        "",
        joiner=suggest_joiner(table, roles),
        system_prompt=common_system(table, roles),
        open_ended=True,
    )
    if format in (PREFERENCE, REINFORCEMENT) or (format == CHAT and Role.MESSAGES in roles.values()):
        return replace(bare, format=format, open_ended=False)
    records = convert(table, bare).records
    asking = [record for record in records if record["prompt"].strip()]
    bare = replace(bare, format=format, open_ended=bool(records) and not asking)
    prompts = [record["prompt"] for record in asking]
    completions = [record["completion"] for record in asking or records]
    separator, stop = marks_in(prompts, completions)
    if format == CHAT:
        return replace(bare, separator=separator, stop=stop if separator else "")
    return replace(
        bare,
        separator=separator or (free_mark(SEPARATORS, prompts) if prompts else ""),
        stop=stop or free_mark(STOPS, completions),
        leading_space=wants_space(completions),
    )


def of_threads(table: Table, roles: dict[str, str], format: str | None) -> Recipe:
    """Propose a recipe for lines of conversations: what fits once they are put together."""
    together = gather(table, roles, Recipe(joiner="\n"))
    inside = {column: Role.MESSAGES if column == MESSAGES else Role.KEEP for column in together.columns}
    return replace(suggest_recipe(together, inside, format), roles=roles, joiner="\n")


def format_of_roles(table: Table, roles: Mapping[str, str]) -> str:
    """Return the format that columns with these roles are meant for."""
    given = set(roles.values())
    if Role.REJECTED in given:
        return PREFERENCE
    if Role.REFERENCE in given or only_asks(table, roles):
        return REINFORCEMENT
    return CHAT if TALKS & given else COMPLETION


def marks_in(prompts: Sequence[str], completions: Sequence[str]) -> tuple[str, str]:
    """Return the separator and the stop that the texts have already; "" for none.

    A mark that also stands inside some texts is kept: the rules tell of them, and propose one that is in none. An
    ending counts as a stop only in a file that has a separator: all answers may end with a full stop by nature.
    """
    separator = next((mark for mark in SEPARATORS if ends_all(mark, prompts)), "")
    stops = {**dict.fromkeys(OLD_STOPS, 0.0), **NATURAL_STOPS} if separator else dict.fromkeys(STOPS, 0.0)
    return separator, next((mark for mark, free in stops.items() if ends_all(mark, completions, free)), "")


def ends_all(mark: str, texts: Sequence[str], free: float = 0.0) -> bool:
    """Say whether a mark ends every text and stands nowhere else in at least the part `free` of them."""
    if not texts or not all(text.endswith(mark) for text in texts):
        return False
    return sum(is_free(mark, text.removesuffix(mark)) for text in texts) >= free * len(texts)


def free_mark(candidates: Sequence[str], texts: Sequence[str]) -> str:
    """Return the first candidate that is free in all texts; when none is, a numbered one."""
    numbered = (f"\n\n### {number} ###\n\n" for number in count(1))
    return next(mark for mark in chain(candidates, numbered) if all(is_free(mark, text) for text in texts))


def suggest_joiner(table: Table, roles: Mapping[str, str]) -> str:
    """Return a comma for short plain values, a new line for texts and for an instruction with its input."""
    asked = [table.column(c) for c in table.columns if roles.get(c) in (Role.PROMPT, Role.USER)]
    if Role.INSTANCES in roles.values() or {"instruction", "input"} <= {plain(column) for column in table.columns}:
        return "\n"
    cells = [text_of(cell) for column in asked for cell in column[:200]]
    short = all(len(cell) <= SHORT and not set(cell) & set(",，\n") for cell in cells)
    return "," if short or len(asked) < 2 else "\n"


def common_system(table: Table, roles: Mapping[str, str]) -> str:
    """Return the system text that all rows share; "" when they differ or have none."""
    if not set(roles.values()) & {Role.SYSTEM, Role.MESSAGES}:
        return ""
    speaking = [(column, role) for column, role in roles.items() if role in (Role.SYSTEM, Role.MESSAGES)]
    found: set[str] = set()
    for cells in table.rows:
        row = read_row(dict(zip(table.columns, cells, strict=True)), speaking, ",")
        if isinstance(row, Skip):
            continue
        found.add(str(row.messages[0].get("content")) if leads(row.messages) else row.system)
        if len(found) > 1:
            return ""
    return found.pop() if found else ""


def wants_space(completions: Sequence[str]) -> bool:
    """Say whether most completions begin with a letter or digit of a script that puts spaces between words."""
    starts = [text[:1] for text in completions]
    return sum(start.isalnum() and start < SPACED_SCRIPTS_END for start in starts) * 2 > len(starts)
