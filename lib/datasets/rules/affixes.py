"""What all prompts, or all completions, begin with.

A beginning is cut only where a sentence or a line ends, and where it leaves nothing open: cut anywhere, it takes
content with it (prepare_data cut "这是关于GPT第" off the front of "这是关于GPT第一代……").
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

from lib.datasets.fixes import Change
from lib.datasets.recipe import COMPLETION, Fix
from lib.datasets.rules.bare import bare_completion, bare_prompt, shown, split_lead
from lib.datasets.rules.base import Context, Finding, Rule, View
from lib.datasets.table import Note
from lib.i18n import N_

LONG_PROMPT = 12
LONG_COMPLETION = 5
"""Characters from which a beginning is worth cutting: prepare_data's own thresholds."""
LEAST = 10
"""Texts that must begin alike: three rows that all begin with "Chicago" do so by chance."""
SENTENCE_END = re.compile(r"[\n。！？：；]|[.!?:;][ \t]")
"""Where a beginning may end. A comma or a single word is not enough: "What is the capital of " is part of the text."""
BRACKETS = ("()", "[]", "{}", "（）", "【】", "《》", "「」", "“”", "‘’")
QUOTES = ('"',)


class Beginning(Rule):
    """What all texts of one kind begin with."""

    field: ClassVar[Literal["prompt", "completion"]]
    long: ClassVar[int]

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.texts = 0
        self.beginning: str | None = None
        self.longest = 0
        self.tokens = 0
        self.characters = 0

    @classmethod
    def applies(cls, context: Context) -> bool:
        return context.recipe.format == COMPLETION

    def note(self, view: View, text: str) -> None:
        """See one bare text."""
        self.texts += 1
        self.longest = max(self.longest, len(text))
        self.tokens += view.tokens or 0
        self.characters += len(view.prompt) + len(view.completion)
        self.beginning = text if self.beginning is None else common_beginning(self.beginning, text)

    def merge(self, other: Self) -> None:
        self.texts += other.texts
        self.longest = max(self.longest, other.longest)
        self.tokens += other.tokens
        self.characters += other.characters
        if self.beginning is None:
            self.beginning = other.beginning
        elif other.beginning is not None:
            self.beginning = common_beginning(self.beginning, other.beginning)

    def cut(self) -> str:
        """Return the beginning that may be cut; "" for none, or when all texts are the same from end to end."""
        beginning = self.beginning or ""
        if self.texts < LEAST or len(beginning) == self.longest:
            return ""
        whole = whole_sentences(beginning)
        return whole if len(whole) >= self.long else ""

    def settings(self, beginning: str) -> dict[str, Any]:
        """Return the settings of the fix that cuts a beginning."""
        recipe = self.context.recipe
        mark = recipe.separator if self.field == "prompt" else recipe.stop
        lead = recipe.system_prompt if self.field == "prompt" else ""
        return {"field": self.field, "beginning": beginning, "mark": mark, "lead": lead}

    def saved(self, beginning: str) -> int:
        """Return about how many tokens one epoch has less without it; 0 when nobody counted."""
        return round(self.tokens * len(beginning) * self.texts / max(1, self.characters))


class PromptBeginning(Beginning):
    """An instruction repeated in every prompt."""

    code: ClassVar[str] = "common_prompt_prefix"
    field = "prompt"
    long = LONG_PROMPT

    def look(self, view: View) -> None:
        self.note(view, bare_prompt(self.context.recipe, view.prompt))

    def findings(self) -> list[Finding]:
        beginning = self.cut()
        if not beginning:
            return []
        values: dict[str, str | int | float] = {
            "beginning": shown(beginning),
            "n": len(beginning),
            "tokens": self.saved(beginning),
        }
        title = Note(N_("Every prompt begins with the same {n} characters: {beginning}."), values)
        why = Note(
            N_("A tuned model knows its task without being told each time. They take about {tokens} tokens per epoch.")
            if values["tokens"]
            else N_("A tuned model knows its task without being told each time, and every repetition is paid for."),
            values,
        )
        todo = Note(N_("Accept to cut them from every prompt. When you ask the model later, leave them out too."))
        fix: Fix = {"code": "cut_beginning", "settings": self.settings(beginning)}
        return [Finding(self.code, "hint", title, why, todo, fix=fix, count=self.texts)]


class CompletionBeginning(Beginning):
    """The same words at the start of every completion."""

    code: ClassVar[str] = "common_completion_prefix"
    field = "completion"
    long = LONG_COMPLETION

    def look(self, view: View) -> None:
        self.note(view, bare_completion(self.context.recipe, view.completion))

    def findings(self) -> list[Finding]:
        beginning = self.cut()
        if not beginning:
            return []
        title = Note(
            N_("Every completion begins with the same {n} characters: {beginning}."),
            {"beginning": shown(beginning), "n": len(beginning)},
        )
        why = Note(N_("The model spends its effort, and you pay, for words that never change."))
        todo = Note(N_("Accept to cut them from every completion; put them before the answer where you show it."))
        fix: Fix = {"code": "cut_beginning", "settings": self.settings(beginning)}
        return [Finding(self.code, "hint", title, why, todo, fix=fix, count=self.texts)]


def common_beginning(first: str, second: str) -> str:
    """Return the longest beginning that two texts share, in a number of comparisons that grows with its logarithm."""
    if second.startswith(first):
        return first
    low, high = 0, min(len(first), len(second))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if first[:middle] == second[:middle] else (low, middle - 1)
    return first[:low]


def whole_sentences(beginning: str) -> str:
    """Return as much of a beginning as ends with a sentence, a colon or a line and closes all it opens; "" for none."""
    cut = max((match.end() for match in SENTENCE_END.finditer(beginning)), default=0)
    whole = beginning[:cut]
    balanced = all(whole.count(pair[0]) == whole.count(pair[1]) for pair in BRACKETS)
    even = all(whole.count(quote) % 2 == 0 for quote in QUOTES)
    return whole if balanced and even and whole.strip() else ""


def without_beginning(record: dict[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Cut a beginning off one field, if something is left then; a space before the text stays.

    A text that would begin so again is left alone, so that the second time changes nothing.
    """
    field, beginning = settings["field"], settings["beginning"]
    text = record.get(field)
    if not isinstance(text, str):
        return record
    lead, body = split_lead(settings["lead"], text)
    space = " " if field == "completion" and body.startswith(" ") else ""
    rest = body.removeprefix(space)
    left = rest.removeprefix(beginning)
    if (
        left == rest
        or left.startswith((beginning, space + beginning))
        or not left.removesuffix(settings["mark"]).strip()
    ):
        return record
    return {**record, field: f"{lead}{space}{left}"}


RULES: tuple[type[Rule], ...] = (PromptBeginning, CompletionBeginning)
CHANGES: dict[str, Change] = {"cut_beginning": without_beginning}
