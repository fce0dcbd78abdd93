"""Preference rows: a question, and of two answers the better one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from lib.datasets.fixes import Change
from lib.datasets.recipe import PREFERENCE, Fix
from lib.datasets.rules.base import Context, Finding, RowRule, Rule, View, text_of_message
from lib.datasets.table import Note
from lib.i18n import N_


class PreferenceRule(RowRule):
    """A rule about preference rows that notes rows one by one."""

    @classmethod
    def applies(cls, context: Context) -> bool:
        return context.recipe.format == PREFERENCE


class SamePair(PreferenceRule):
    """Both answers are the same."""

    code: ClassVar[str] = "same_answers"

    def look(self, view: View) -> None:
        if is_same_pair(view.record):
            self.found.add(view)

    def findings(self) -> list[Finding]:
        if not self.found:
            return []
        title = Note(N_("Examples whose two answers are the same: {n}."), {"n": len(self.found)})
        why = Note(N_("A preference for nothing teaches nothing."))
        todo = Note(N_("Accept to leave these examples out."))
        fix: Fix = {"code": "drop_same_pairs", "settings": {}}
        return [Finding(self.code, "warning", title, why, todo, self.found, fix)]


class EmptyPair(PreferenceRule):
    """One of the answers is missing or empty."""

    code: ClassVar[str] = "empty_pair"

    def look(self, view: View) -> None:
        if is_empty_pair(view.record):
            self.found.add(view)

    def findings(self) -> list[Finding]:
        if not self.found:
            return []
        title = Note(N_("Examples in which one of the two answers is empty: {n}."), {"n": len(self.found)})
        why = Note(N_("Services refuse a file with such examples: there is nothing to compare."))
        todo = Note(N_("Accept to leave these examples out, or fill them in your file."))
        fix: Fix = {"code": "drop_empty_pairs", "settings": {}}
        return [Finding(self.code, "error", title, why, todo, self.found, fix)]


class AnsweredInput(PreferenceRule):
    """The input ends with an answer, though answers are what the row compares."""

    code: ClassVar[str] = "answered_input"

    def look(self, view: View) -> None:
        asked = view.record.get("input")
        messages = asked.get("messages") if isinstance(asked, Mapping) else None
        if messages and messages[-1].get("role") == "assistant":
            self.found.add(view)

    def findings(self) -> list[Finding]:
        if not self.found:
            return []
        title = Note(N_("Examples whose input ends with an answer: {n}."), {"n": len(self.found)})
        why = Note(N_("The input is the question alone; services refuse one that is answered already."))
        todo = Note(N_("Take the answer out of the input in your file, or exclude these rows."))
        return [Finding(self.code, "error", title, why, todo, self.found)]


def is_same_pair(record: Mapping[str, Any]) -> bool:
    """Say whether both answers of a row are there and equal."""
    better = record.get("preferred_output")
    return bool(better) and better == record.get("non_preferred_output")


def is_empty_pair(record: Mapping[str, Any]) -> bool:
    """Say whether one answer of a row has no message, or none that says something."""
    if "input" not in record:
        return False
    sides = [record.get(side) or [] for side in ("preferred_output", "non_preferred_output")]
    return any(not any(says_something(message) for message in side) for side in sides)


def says_something(message: Mapping[str, Any]) -> bool:
    return bool(text_of_message(message).strip() or message.get("tool_calls"))


def without_same_pair(record: dict[str, Any], _settings: Mapping[str, Any]) -> dict[str, Any] | None:
    """Drop a row whose two answers are the same."""
    return None if is_same_pair(record) else record


def without_empty_pair(record: dict[str, Any], _settings: Mapping[str, Any]) -> dict[str, Any] | None:
    """Drop a row in which one of the answers is empty."""
    return None if is_empty_pair(record) else record


RULES: tuple[type[Rule], ...] = (EmptyPair, SamePair, AnsweredInput)
CHANGES: dict[str, Change] = {"drop_same_pairs": without_same_pair, "drop_empty_pairs": without_empty_pair}
