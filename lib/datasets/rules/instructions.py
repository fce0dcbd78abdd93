"""Instructions repeated in every conversation: what they cost, and how to cut them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from lib.datasets.fixes import Change
from lib.datasets.recipe import CHAT, Fix
from lib.datasets.rules.affixes import common_beginning, whole_sentences
from lib.datasets.rules.bare import shown
from lib.datasets.rules.base import Context, Finding, Rule, View
from lib.datasets.table import Note
from lib.i18n import N_

LONG = 200
"""Characters from which a repeated system message is worth a word."""
LONG_QUESTION = 40
"""Characters from which a repeated beginning of questions is worth cutting."""


class RepeatedInstruction(Rule):
    """One long system message in all conversations, or one beginning of all first questions."""

    code: ClassVar[str] = "repeated_instruction"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.examples = 0
        self.tokens = 0
        self.characters = 0
        self.system: str | None = None
        """The system message of all; "" once two differ."""
        self.question: str | None = None
        """What all first questions begin with; "" once nothing."""

    @classmethod
    def applies(cls, context: Context) -> bool:
        return context.recipe.format == CHAT

    def look(self, view: View) -> None:
        self.examples += 1
        if view.tokens:
            self.tokens += view.tokens
        self.characters += len(view.prompt) + len(view.completion)
        if self.system == "" == self.question:
            return
        messages = view.record.get("messages") or []
        if self.system != "" and not (messages and messages[0].get("content") == self.system):
            self.take_system(system_text(messages))
        if self.question != "":
            self.take_question(question_text(messages))

    def take_system(self, text: str | None) -> None:
        if text is not None:
            self.system = text if self.system in (None, text) else ""

    def take_question(self, text: str | None) -> None:
        if text is not None:
            self.question = text if self.question is None else common_beginning(self.question, text)

    def merge(self, other: Self) -> None:
        self.examples += other.examples
        self.tokens += other.tokens
        self.characters += other.characters
        self.take_system(other.system)
        self.take_question(other.question)

    def findings(self) -> list[Finding]:
        found = []
        system = self.system or ""
        if self.examples > 1 and len(system) >= LONG:
            title = N_("Every conversation has the same system message of {n} characters: {beginning}.")
            todo = Note(N_("A short sentence does. Shorten it in your file, and ask with the same one later."))
            found.append(self.finding(self.code, title, system, todo, None))
        question = whole_sentences(self.question or "") if self.examples > 1 else ""
        if len(question) >= LONG_QUESTION:
            fix: Fix = {"code": "cut_question", "settings": {"beginning": question}}
            todo = Note(
                N_("Accept to cut them from every first question. When you ask the model later, leave them out too.")
            )
            title = N_("Every first question begins with the same {n} characters: {beginning}.")
            found.append(self.finding("repeated_question", title, question, todo, fix))
        return found

    def finding(self, code: str, title: str, text: str, todo: Note, fix: Fix | None) -> Finding:
        tokens = round(self.tokens * len(text) * self.examples / max(1, self.characters))
        values: dict[str, str | int | float] = {"n": len(text), "beginning": shown(text), "tokens": tokens}
        why = Note(
            N_("A tuned model knows its task without being told each time. They take about {tokens} tokens per epoch.")
            if tokens
            else N_("A tuned model knows its task without being told each time, and every repetition is paid for."),
            values,
        )
        return Finding(code, "hint", Note(title, values), why, todo, fix=fix, count=self.examples)


def system_text(messages: list[dict[str, Any]]) -> str:
    """Return the text of the system message that opens a conversation; "" for none."""
    first = messages[0] if messages else {}
    content = first.get("content")
    return content if first.get("role") in ("system", "developer") and isinstance(content, str) else ""


def question_text(messages: list[dict[str, Any]]) -> str:
    """Return the text of the first message of the user; "" for none, or when it is no plain text."""
    first = next((message for message in messages if message.get("role") == "user"), {})
    content = first.get("content")
    return content if isinstance(content, str) else ""


def without_question_beginning(record: dict[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Cut a beginning off the first question, if something is left then and does not begin so again."""
    messages, beginning = record.get("messages") or [], settings["beginning"]
    at = next((at for at, message in enumerate(messages) if message.get("role") == "user"), None)
    text = question_text(messages)
    left = text.removeprefix(beginning)
    if at is None or left == text or left.startswith(beginning) or not left.strip():
        return record
    return {**record, "messages": [*messages[:at], {**messages[at], "content": left}, *messages[at + 1 :]]}


RULES: tuple[type[Rule], ...] = (RepeatedInstruction,)
CHANGES: dict[str, Change] = {"cut_question": without_question_beginning}
