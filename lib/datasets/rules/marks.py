"""Separator and stop: missing, several different ones, or standing inside the texts.

Only prompt/completion files have them: chat says who speaks by itself. Conversion puts the recipe's marks on; what
is looked at here are the texts beneath.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, Self

from lib.datasets.fixes import Change, set_field
from lib.datasets.recipe import COMPLETION, Fix
from lib.datasets.rules import affixes, letters
from lib.datasets.rules.bare import bare_completion, bare_prompt, shown
from lib.datasets.rules.base import LINES_NAMED, Context, Finding, Found, Rule, View
from lib.datasets.rules.endings import (
    LONGEST_MARK,
    NUMBERED,
    SEPARATORS,
    STOPS,
    common_ending,
    is_free,
    own_mark,
    separator_of,
    stop_of,
    without_other_marks,
)
from lib.datasets.table import Note
from lib.i18n import N_

SHARE = 0.05
"""Part of the texts that must end with a mark before it counts as one: a single text may end with "---" by nature."""
LEAST = 2
MOST_MARKS = 50


@dataclass(frozen=True)
class Words:
    """How the problems with a mark are told."""

    not_set: str
    not_set_why: str
    not_set_todo: str
    missing: str
    missing_why: str
    several: str
    several_why: str
    inside: str
    inside_why: str
    next_free: str


class Marks(Rule):
    """What separators and stops have in common."""

    field: ClassVar[Literal["separator", "stop"]]
    """The field of the recipe that holds the mark."""
    text: ClassVar[Literal["prompt", "completion"]]
    """The field of an example that ends with it."""
    candidates: ClassVar[tuple[str, ...]]
    """Marks to propose, in order."""
    words: ClassVar[Words]

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.mark: str = getattr(context.recipe, self.field)
        self.texts = 0
        self.marked: dict[str, Found] | None = {}
        """Texts that end with a mark besides the recipe's, by mark; None once there are too many to be marks."""
        self.inside = Found()
        self.open = [mark for mark in self.candidates if mark != self.mark]
        """Marks found in no text so far."""
        self.ends = set("".join(self.candidates))
        self.ending: str | None = None

    @classmethod
    def applies(cls, context: Context) -> bool:
        return context.recipe.format == COMPLETION

    def note(self, view: View, text: str) -> None:
        """See one text without the recipe's mark."""
        self.texts += 1
        if self.ending != "":
            self.ending = text[-LONGEST_MARK:] if self.ending is None else common_ending(self.ending, text)
        found = self.mark_at_end(text)
        if found and self.marked is not None:
            self.marked.setdefault(found, Found()).add(view)
            self.forget_if_many()
        if self.mark and not is_free(self.mark, text):
            self.inside.add(view)
        overlaps = text[-1] in self.ends
        for candidate in self.open:
            if candidate in text or (overlaps and not is_free(candidate, text)):
                self.open = [mark for mark in self.open if mark != candidate]

    def mark_at_end(self, text: str) -> str:
        """Return the usual mark that a text ends with; "" for none."""
        raise NotImplementedError

    def forget_if_many(self) -> None:
        if self.marked is not None and len(self.marked) > MOST_MARKS:
            self.marked = None

    def merge(self, other: Self) -> None:
        self.texts += other.texts
        self.inside.merge(other.inside)
        self.open = [mark for mark in self.open if mark in other.open]
        if self.ending is None:
            self.ending = other.ending
        elif other.ending is not None:
            self.ending = common_ending(self.ending, other.ending)
        if self.marked is None or other.marked is None:
            self.marked = None
            return
        for mark, found in other.marked.items():
            self.marked.setdefault(mark, Found()).merge(found)
        self.forget_if_many()

    def free(self) -> Fix | None:
        """Return the fix that takes the next mark found in no text; None when all are."""
        return set_field(self.context.recipe, self.field, self.open[0]) if self.open else None

    def common_marks(self) -> dict[str, Found]:
        """Return the marks that enough texts end with, commonest first."""
        least = max(LEAST, SHARE * self.texts)
        marked = (self.marked or {}).items()
        common = {mark: found for mark, found in marked if mark != self.mark and len(found) >= least}
        return dict(sorted(common.items(), key=lambda item: (-len(item[1]), item[0])))

    def mark_of_most(self, common: dict[str, Found]) -> str:
        """Return the one mark that most texts end with already; "" for none."""
        return next((mark for mark, found in common.items() if len(found) * 2 > self.texts), "")

    def own_mark(self) -> str:
        """Return a mark that all texts end with and that only this file uses; completions have none."""
        return ""

    def findings(self) -> list[Finding]:
        if not self.texts:
            return []
        common = self.common_marks()
        found = self.other_marks(common) if self.mark else self.no_mark(common)
        if self.inside:
            title = Note(self.words.inside, {"n": len(self.inside), "mark": shown(self.mark)})
            why, fix = Note(self.words.inside_why), self.free()
            found.append(Finding(f"{self.field}_inside", "warning", title, why, self.todo(fix), self.inside, fix))
        return found

    def no_mark(self, common: dict[str, Found]) -> list[Finding]:
        """Tell of a file whose recipe has no such mark."""
        if len(common) > 1:
            return self.several(common, next(iter(common)))
        own = self.mark_of_most(common) or ("" if common else self.own_mark())
        if own:
            title, why = Note(self.words.not_set, {"mark": shown(own)}), Note(self.words.not_set_why)
            fix = set_field(self.context.recipe, self.field, own)
            todo, code = Note(self.words.not_set_todo), f"{self.field}_not_set"
            return [Finding(code, "warning", title, why, todo, fix=fix, count=self.texts)]
        title, why, free = Note(self.words.missing), Note(self.words.missing_why), self.free()
        return [Finding(f"missing_{self.field}", "warning", title, why, self.todo(free), fix=free, count=self.texts)]

    def other_marks(self, common: dict[str, Found]) -> list[Finding]:
        """Tell of texts that end with another mark than the recipe's."""
        own = "" if common else self.own_mark()
        others = {own: Found()} if own else common
        return self.several(others, self.mark) if others else []

    def several(self, common: dict[str, Found], to: str) -> list[Finding]:
        others = {mark: found for mark, found in common.items() if mark != to}
        marks = ", ".join(map(shown, [to, *others]))
        title, why = Note(self.words.several, {"marks": marks}), Note(self.words.several_why)
        todo = Note(N_("Accept to end all of them with {mark} alone."), {"mark": shown(to)})
        fix: Fix = {"code": "one_ending", "settings": {"field": self.text, "marks": [*others], "to": to}}
        found = together([*others.values()])
        count = None if found else self.texts
        return [Finding(f"several_{self.field}s", "warning", title, why, todo, found, fix, count)]

    def todo(self, free: Fix | None) -> Note:
        """Say what accepting the free mark does, or that none is left."""
        if free is None:
            return Note(N_("All usual marks are found in the texts. Type one of your own that is in none of them."))
        return Note(self.words.next_free, {"mark": shown(free["settings"]["value"])})


class Separator(Marks):
    """The mark that ends every prompt, so that the model knows where the answer begins."""

    code: ClassVar[str] = "separator"
    field = "separator"
    text = "prompt"
    candidates = SEPARATORS + NUMBERED
    words = Words(
        not_set=N_("The prompts end with {mark}, but no separator is set."),
        not_set_why=N_("When the model is asked later, nobody would know that prompts must end like this."),
        not_set_todo=N_("Accept to make it the separator. Prompts that lack it get it."),
        missing=N_("The prompts have no separator at their end."),
        missing_why=N_("A model of this kind reads on where a prompt ends. A mark tells it that the answer begins."),
        several=N_("Prompts end with several separators: {marks}."),
        several_why=N_("The model learns an ending that is not used when it is asked, and answers worse."),
        inside=N_("Prompts with the separator {mark} inside: {n}."),
        inside_why=N_("The model can't tell where such a prompt ends and its answer begins."),
        next_free=N_("Accept to end prompts with {mark}, which is found in none of them."),
    )

    def look(self, view: View) -> None:
        text = bare_prompt(self.context.recipe, view.prompt)
        if text:
            self.note(view, text)

    def mark_at_end(self, text: str) -> str:
        return separator_of(text)

    def own_mark(self) -> str:
        return own_mark(self.ending or "")


class Stop(Marks):
    """The mark that ends every completion, so that the model knows when to stop."""

    code: ClassVar[str] = "stop"
    field = "stop"
    text = "completion"
    candidates = STOPS + NUMBERED
    words = Words(
        not_set=N_("The completions end with {mark}, but no stop is set."),
        not_set_why=N_("Unless it is set, the model goes on writing after it when it is asked."),
        not_set_todo=N_("Accept to make it the stop. Completions that lack it get it."),
        missing=N_("The completions have no stop at their end."),
        missing_why=N_("Without a mark that ends every answer, the model doesn't know when to stop writing."),
        several=N_("Completions end with several stops: {marks}."),
        several_why=N_("Only one of them ends an answer when the model is asked. The others are shown as text."),
        inside=N_("Completions with the stop {mark} inside: {n}."),
        inside_why=N_("The model learns to write it there, and its answer is cut off at that place."),
        next_free=N_("Accept to end completions with {mark}, which is found in none of them."),
    )

    def look(self, view: View) -> None:
        text = bare_completion(self.context.recipe, view.completion)
        if text:
            self.note(view, text)

    def mark_at_end(self, text: str) -> str:
        return stop_of(text)


def together(founds: Sequence[Found]) -> Found:
    """Return all rows of several findings, in the order of the file."""
    rows = sorted(row for found in founds for row in found.rows)
    lines = sorted(line for found in founds for line in found.lines)
    return Found(array("Q", rows), lines[:LINES_NAMED])


RULES: tuple[type[Rule], ...] = (Separator, Stop, *affixes.RULES, *letters.RULES)
CHANGES: dict[str, Change] = {"one_ending": without_other_marks, **affixes.CHANGES, **letters.CHANGES}
