"""What each column is for: a guess with its reason, which the user can change.

Columns are known by their names (Chinese and English) first and by what they hold second. The guess never looks
at more than a sample of rows and never changes a cell.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from lib.datasets.table import Note, Table


class Role(StrEnum):
    """What a column gives to an example. Columns of one role are joined in their order."""

    PROMPT = "prompt"
    COMPLETION = "completion"
    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    MESSAGES = "messages"
    KEEP = "keep"
    """Copied unchanged beside `messages`: tools, functions, parallel_tool_calls."""
    IGNORE = "ignore"


@dataclass(frozen=True)
class Guess:
    """A role for every column of the table, and why."""

    roles: dict[str, Role]
    reasons: dict[str, Note]


def guess_roles(table: Table) -> Guess:
    """Guess the role of every column."""
    raise NotImplementedError
