"""Conversations that can't be trained on, or should not as they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from lib.datasets.fixes import Change
from lib.datasets.recipe import CHAT, REINFORCEMENT, Fix
from lib.datasets.rules import pairs, talk_changes
from lib.datasets.rules.base import Context, Finding, Found, Rule, Severity, View
from lib.datasets.rules.talk_shape import KEYS, REMEMBERED, in_order, problems_of
from lib.datasets.table import Note
from lib.i18n import N_

NAMES_KEPT = 20


@dataclass(frozen=True)
class Words:
    """How one problem is told, and the code of the fix for it, if there is a safe one."""

    severity: Severity
    title: str
    why: str
    todo: str
    fix: str = ""


NOTHING = N_("There is no answer in them to learn from, and services refuse the file.")
OUT = N_("Accept to leave these examples out, or complete them in your file.")

PROBLEMS = {
    "no_messages": Words("error", N_("Conversations without any message: {n}."), NOTHING, OUT, "drop_conversations"),
    "unknown_role": Words(
        "error",
        N_("Conversations with a role that no service knows: {n}."),
        N_("Services know system, developer, user, assistant, tool and function, and refuse anything else."),
        N_("Rename the role in your file, or exclude these rows."),
    ),
    "no_assistant_message": Words(
        "error", N_("Conversations in which the assistant says nothing: {n}."), NOTHING, OUT, "drop_conversations"
    ),
    "not_answered": Words(
        "error",
        N_("Conversations that don't end with an answer of the assistant: {n}."),
        N_("The model learns from answers only. What follows the last one is not learnt, and services may refuse it."),
        N_("Accept to cut what follows the last answer. Where that is a call of a tool, add the answer by hand."),
        talk_changes.DROP_TRAILING,
    ),
    "empty_answer": Words(
        "error", N_("Conversations with an empty last answer: {n}."), NOTHING, OUT, "drop_conversations"
    ),
    "no_weight": Words(
        "error",
        N_("Conversations whose answers all have weight 0: {n}."),
        N_("Weight 0 means: do not learn this. So there is nothing left to learn in them."),
        N_("Accept to leave them out, or give weight 1 to the answers that should be learnt."),
        "drop_conversations",
    ),
    "bad_weight": Words(
        "error",
        N_("Conversations with a weight that services refuse: {n}."),
        N_("A weight is 0 or 1, and only messages of the assistant have one."),
        N_("Accept to take weights off all other messages. Correct other weights of answers by hand."),
        "drop_stray_weights",
    ),
    "tool_without_call": Words(
        "error",
        N_("Conversations with the result of a tool that nobody called: {n}."),
        N_("Each result must name, in tool_call_id, a call that the assistant made just before."),
        N_("Add the missing call, or exclude these rows: nobody can guess what was called."),
    ),
    "call_without_answer": Words(
        "error",
        N_("Conversations that go on before a called tool has answered: {n}."),
        N_("Services want the result of each call right after the message that makes it."),
        N_("Add the missing results, or exclude these rows."),
    ),
    "system_not_first": Words(
        "warning",
        N_("Conversations with a system message after other messages: {n}."),
        N_("Many services and chat templates take a system message only as the first one."),
        N_("Accept to move it to the front where it is the only one and nothing was answered before it."),
        "system_first",
    ),
    "same_role_twice": Words(
        "warning",
        N_("Conversations in which the same role speaks twice in a row: {n}."),
        N_("Many chat templates expect question and answer in turn, and fail or lose a message otherwise."),
        N_("Accept to join such messages to one, a line each. Messages with calls or images are left alone."),
        "join_messages",
    ),
    "empty_message": Words(
        "warning",
        N_("Conversations with an empty message: {n}."),
        N_("An empty message teaches nothing, and some services refuse it."),
        N_("Accept to take out empty system messages. Fill in other messages in your file, or exclude these rows."),
        "drop_empty_system",
    ),
    "unknown_message_keys": Words(
        "warning",
        N_("Conversations whose messages have keys that services don't know: {n} ({names})."),
        N_("Some services refuse a file with such keys, others ignore them."),
        N_("Accept to take these keys out of the messages. Nothing else changes."),
        "drop_message_keys",
    ),
}
"""Everything that can be wrong with a conversation, in the order in which it is shown."""


class Talk(Rule):
    """Whatever is wrong with conversations; one look at each tells all of it."""

    code: ClassVar[str] = "talk"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.answered = context.recipe.format != REINFORCEMENT
        self.found: dict[str, Found] = {}
        self.names: dict[str, None] = {}

    @classmethod
    def applies(cls, context: Context) -> bool:
        return context.recipe.format in (CHAT, REINFORCEMENT)

    def look(self, view: View) -> None:
        messages = view.record.get("messages")
        if messages is None or (0 < len(view.talk) <= REMEMBERED and in_order(view.talk, self.answered)):
            return
        for code in problems_of(messages, answered=self.answered):
            self.found.setdefault(code, Found()).add(view)
            if code == "unknown_message_keys":
                self.take([str(key) for message in messages for key in message if key not in KEYS])

    def take(self, names: list[str]) -> None:
        for name in names:
            if len(self.names) < NAMES_KEPT:
                self.names[name] = None

    def merge(self, other: Self) -> None:
        for code, found in other.found.items():
            self.found.setdefault(code, Found()).merge(found)
        self.take(list(other.names))

    def findings(self) -> list[Finding]:
        return [self.finding(code, self.found[code]) for code in PROBLEMS if code in self.found]

    def finding(self, code: str, found: Found) -> Finding:
        words, names = PROBLEMS[code], list(self.names)
        values: dict[str, str | int | float] = {"n": len(found)}
        if code == "unknown_message_keys":
            values["names"] = ", ".join(name[:40] for name in names)
        fix = fix_of(words.fix, code, names) if words.fix else None
        return Finding(code, words.severity, Note(words.title, values), Note(words.why), Note(words.todo), found, fix)


def fix_of(fix: str, problem: str, names: list[str]) -> Fix:
    settings: dict[str, dict[str, Any]] = {
        "drop_message_keys": {"keys": names},
        "join_messages": {"joiner": "\n"},
        "drop_conversations": {"problem": problem},
    }
    return {"code": fix, "settings": settings.get(fix, {})}


REMEDIES: dict[str, tuple[Fix, str]] = {
    "not_answered": (
        fix_of(talk_changes.DROP_TRAILING, "not_answered", []),
        N_("Accept to cut what follows the last answer. Rows without any answer stay left out."),
    )
}
"""Fixes that bring back rows left out by conversion, by the code of their `Skip`, and what accepting them does."""

RULES: tuple[type[Rule], ...] = (Talk, *pairs.RULES)
CHANGES: dict[str, Change] = {
    talk_changes.DROP_TRAILING: talk_changes.without_trailing,
    "drop_conversations": talk_changes.without_problem,
    "join_messages": talk_changes.joined,
    "system_first": talk_changes.system_first,
    "drop_empty_system": talk_changes.without_empty_system,
    "drop_message_keys": talk_changes.without_message_keys,
    "drop_stray_weights": talk_changes.without_stray_weights,
    **pairs.CHANGES,
}
