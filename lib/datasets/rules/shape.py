"""Keys, columns and formats of examples: what is there beside the texts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from lib.datasets.fixes import Change
from lib.datasets.recipe import CHAT, COMPLETION, PREFERENCE, REINFORCEMENT, Fix
from lib.datasets.rules.base import Context, Finding, Found, RowRule, Rule, View
from lib.datasets.shapes.mapping import Role
from lib.datasets.table import Note
from lib.i18n import N_

KEYS = {
    COMPLETION: frozenset(["prompt", "completion"]),
    CHAT: frozenset(["messages", "tools", "functions", "parallel_tool_calls"]),
    PREFERENCE: frozenset(["input", "preferred_output", "non_preferred_output"]),
}
"""Keys that OpenAI knows in an example. Reinforcement rows may hold any other for their grader."""
MUST = {COMPLETION: "completion", CHAT: "messages", PREFERENCE: "preferred_output", REINFORCEMENT: "messages"}
NAMES_KEPT = 20


class UnknownKeys(Rule):
    """Keys of an example that no service knows."""

    code: ClassVar[str] = "unknown_keys"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.known = KEYS.get(context.recipe.format, frozenset())
        self.found = Found()
        self.names: dict[str, None] = {}

    @classmethod
    def applies(cls, context: Context) -> bool:
        return context.recipe.format in KEYS

    def look(self, view: View) -> None:
        if view.record.keys() <= self.known:
            return
        self.found.add(view)
        self.take([str(key) for key in view.record if key not in self.known])

    def take(self, names: list[str]) -> None:
        for name in names:
            if len(self.names) < NAMES_KEPT:
                self.names[name] = None

    def merge(self, other: Self) -> None:
        self.found.merge(other.found)
        self.take(list(other.names))

    def findings(self) -> list[Finding]:
        if not self.found:
            return []
        names = list(self.names)
        title = Note(
            N_("Examples with keys that services don't know: {n} ({names})."),
            {"n": len(self.found), "names": ", ".join(name[:40] for name in names)},
        )
        why = Note(N_("Some services refuse a file with such keys, others ignore them."))
        todo = Note(N_("Accept to take these keys out of the examples. Nothing else changes."))
        fix: Fix = {"code": "drop_keys", "settings": {"keys": names}}
        return [Finding(self.code, "warning", title, why, todo, self.found, fix)]


def without_keys(record: dict[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Take keys out of an example."""
    dropped = set(settings["keys"])
    return {key: value for key, value in record.items() if key not in dropped} if dropped & record.keys() else record


class UnusedColumns(Rule):
    """Columns of the table that no example is made of."""

    code: ClassVar[str] = "unused_columns"

    @classmethod
    def applies(cls, context: Context) -> bool:
        return Role.IGNORE in context.recipe.roles.values()

    def look(self, view: View) -> None:
        """Columns are known from the recipe."""

    def merge(self, other: Self) -> None:
        """There is nothing to take over."""

    def findings(self) -> list[Finding]:
        names = [column for column, role in self.context.recipe.roles.items() if role == Role.IGNORE]
        if not names:
            return []
        listed = ", ".join(name[:40] for name in names[:NAMES_KEPT]) + (", …" if len(names) > NAMES_KEPT else "")
        title = Note(N_("Columns that are not used: {n} ({names})."), {"n": len(names), "names": listed})
        why = Note(N_("What they hold is in no example, so the model never sees it."))
        todo = Note(N_("Give a column a role if the model should see it. Otherwise all is well."))
        return [Finding(self.code, "hint", title, why, todo, count=len(names))]


class MixedFormats(RowRule):
    """Examples of another format than the rest."""

    code: ClassVar[str] = "mixed_formats"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.must = MUST.get(context.recipe.format, "messages")

    def look(self, view: View) -> None:
        if self.must not in view.record:
            self.found.add(view)

    def findings(self) -> list[Finding]:
        if not self.found:
            return []
        title = Note(N_("Examples of another format than the rest: {n}."), {"n": len(self.found)})
        why = Note(N_("Services take one format per file."))
        todo = Note(N_("Put them into a file of their own, or exclude these rows."))
        return [Finding(self.code, "error", title, why, todo, self.found)]


RULES: tuple[type[Rule], ...] = (MixedFormats, UnknownKeys, UnusedColumns)
CHANGES: dict[str, Change] = {"drop_keys": without_keys}
