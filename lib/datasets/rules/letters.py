"""Texts in capitals, and the space before a completion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

from lib.datasets.fixes import Change, set_field
from lib.datasets.recipe import COMPLETION, Fix
from lib.datasets.rules.bare import bare_completion, bare_prompt, split_lead
from lib.datasets.rules.base import Context, Finding, Found, Rule, View
from lib.datasets.rules.endings import separator_of, stop_of
from lib.datasets.table import Note
from lib.i18n import N_

CAPITALS = 10
"""Capital letters that a text must have to be called written in capitals: "OK" and "GPT-4" are not."""
LOOKED_AT = 24
"""Characters that rule out most texts. Chinese ones have no case, and all of them would be read in vain."""
COUNTED = 1000
"""Characters whose letters are counted; a cell may hold millions."""
SHARE = 0.1
"""Part of the texts in capitals from which it is worth telling."""
SPACED_SCRIPTS_END = "\u0590"
"""Latin, Greek, Cyrillic and Armenian letters lie below this one; these scripts put spaces between words."""


class Capitals(Rule):
    """Texts written in capitals throughout."""

    field: ClassVar[Literal["prompt", "completion"]]

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.texts = 0
        self.found = Found()

    @classmethod
    def applies(cls, context: Context) -> bool:
        return context.recipe.format == COMPLETION

    def merge(self, other: Self) -> None:
        self.texts += other.texts
        self.found.merge(other.found)

    def note(self, view: View, text: str) -> None:
        """See one bare text."""
        self.texts += 1
        if in_capitals(text):
            self.found.add(view)

    def tell(self, title: str) -> list[Finding]:
        if not self.found or len(self.found) < SHARE * self.texts:
            return []
        recipe = self.context.recipe
        mark, lead = (recipe.separator, recipe.system_prompt) if self.field == "prompt" else (recipe.stop, "")
        fix: Fix = {"code": "lower_case", "settings": {"field": self.field, "mark": mark, "lead": lead}}
        why = Note(N_("Models know words in small letters better, and split capitals into more tokens."))
        todo = Note(N_("Accept to write these texts in small letters. Names and abbreviations become small too."))
        return [Finding(self.code, "hint", Note(title, {"n": len(self.found)}), why, todo, self.found, fix)]


class PromptCapitals(Capitals):
    """Prompts written in capitals."""

    code: ClassVar[str] = "prompt_capitals"
    field = "prompt"

    def look(self, view: View) -> None:
        self.note(view, bare_prompt(self.context.recipe, view.prompt))

    def findings(self) -> list[Finding]:
        return self.tell(N_("Prompts written in capitals: {n}."))


class CompletionCapitals(Capitals):
    """Completions written in capitals."""

    code: ClassVar[str] = "completion_capitals"
    field = "completion"

    def look(self, view: View) -> None:
        self.note(view, bare_completion(self.context.recipe, view.completion))

    def findings(self) -> list[Finding]:
        return self.tell(N_("Completions written in capitals: {n}."))


def in_capitals(text: str) -> bool:
    """Say whether a text is written in capitals: enough of them, no small letter, and hardly a letter without case.

    Chinese characters have no case, so a Chinese text with "AI" and "GPT" in it is none.
    """
    if not text[:LOOKED_AT].isupper() or not text.isupper():
        return False
    start = text[:COUNTED]
    capitals = sum(map(str.isupper, start))
    return capitals >= CAPITALS and capitals * 2 > sum(map(str.isalpha, start))


def lower_case(record: dict[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Write one field in small letters if it is in capitals throughout.

    Marks around it stay: the one named, and any usual one, should the recipe have been given another since.
    """
    text = record.get(settings["field"])
    if not isinstance(text, str):
        return record
    lead, body = split_lead(settings["lead"], text)
    bare = body.removesuffix(settings["mark"])
    bare = bare.removesuffix(stop_of(bare)).removesuffix(separator_of(bare))
    if not in_capitals(bare):
        return record
    return {**record, settings["field"]: lead + bare.lower() + body[len(bare) :]}


class LeadingSpace(Rule):
    """Whether completions begin with a space, as models of this kind were trained on."""

    code: ClassVar[str] = "leading_space"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.texts = 0
        self.spaced = Found()
        self.unspaced = Found()
        self.words = 0
        """Completions whose first letter is of a script that puts spaces between words."""

    @classmethod
    def applies(cls, context: Context) -> bool:
        return context.recipe.format == COMPLETION

    def look(self, view: View) -> None:
        text = view.completion
        self.texts += 1
        (self.spaced if text[:1].isspace() else self.unspaced).add(view)
        first = text.lstrip()[:1]
        self.words += first.isalnum() and first < SPACED_SCRIPTS_END

    def merge(self, other: Self) -> None:
        self.texts += other.texts
        self.words += other.words
        self.spaced.merge(other.spaced)
        self.unspaced.merge(other.unspaced)

    def findings(self) -> list[Finding]:
        if not self.texts:
            return []
        wants = self.words * 2 > self.texts
        values: dict[str, str | int | float] = {"with": len(self.spaced), "without": len(self.unspaced)}
        on = set_field(self.context.recipe, "leading_space", True)
        if self.spaced and self.unspaced and not self.context.recipe.leading_space:
            title = Note(N_("Completions with a space at their start: {with}; without one: {without}."), values)
            why = Note(N_("The model can't learn which is right, so it writes now one and now the other."))
            rare = min(self.spaced, self.unspaced, key=len)
            todo = Note(
                N_("Accept to put one space before all that lack it.")
                if wants
                else N_("Accept to take the space off all that have it.")
            )
            off: Fix = {"code": "strip_space", "settings": {}}
            return [Finding("mixed_leading_space", "warning", title, why, todo, rare, on if wants else off)]
        if self.unspaced and wants:
            title = Note(N_("Completions have no space at their start."))
            why = Note(N_("To babbage-002 and davinci-002, a word after a space is one token; without it, it is not."))
            todo = Note(N_("Accept to put a space before each. Newer and open models don't need it."))
            return [Finding("missing_leading_space", "hint", title, why, todo, fix=on, count=len(self.unspaced))]
        if self.context.recipe.leading_space and not wants:
            title = Note(N_("Completions get a space at their start that their script does not use."))
            why = Note(N_("Chinese and Japanese put no spaces between words, so it is only one token more to learn."))
            todo = Note(N_("Accept to leave the space out."))
            no_space = set_field(self.context.recipe, "leading_space", False)
            return [Finding("needless_leading_space", "hint", title, why, todo, fix=no_space, count=len(self.spaced))]
        return []


def without_space(record: dict[str, Any], _settings: Mapping[str, Any]) -> dict[str, Any]:
    """Take the space off the start of a completion, unless there is nothing else."""
    text = record.get("completion")
    if not isinstance(text, str) or not text[:1].isspace() or text.isspace():
        return record
    return {**record, "completion": text.lstrip()}


RULES: tuple[type[Rule], ...] = (PromptCapitals, CompletionCapitals, LeadingSpace)
CHANGES: dict[str, Change] = {"lower_case": lower_case, "strip_space": without_space}
