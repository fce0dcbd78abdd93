"""How many examples there are, and texts that hold nothing, or a stand-in for something."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from lib.datasets.fixes import Change
from lib.datasets.recipe import COMPLETION, Fix
from lib.datasets.rules import shape, task
from lib.datasets.rules.bare import bare_completion, bare_prompt, split_lead
from lib.datasets.rules.base import Context, Finding, Found, RowRule, Rule, View
from lib.datasets.table import Note
from lib.i18n import N_

MINIMUM = 10
"""OpenAI refuses training files with fewer examples."""
WANTED = 50
"""OpenAI: "we recommend starting with 50 well-crafted demonstrations"."""
GOOD = 100
"""Below it, prepare_data recommended "at least a few hundred"."""

STAND_INS = frozenset(["nan", "none", "null", "n/a", "#n/a", "na", "<na>", "undefined", "nil", "空", "无"])
LONGEST_STAND_IN = 12
PYTHON_VALUES = ("{'", "[{'", "['", "[['", " {'", " [{'", " ['", " [['")
"""How Python prints what was a structure; prepare_data turned structures into such text without a word."""


class Amount(Rule):
    """Too few examples to be taken at all, or to learn much from."""

    code: ClassVar[str] = "too_few_examples"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.examples = 0

    def look(self, view: View) -> None:
        self.examples += 1

    def merge(self, other: Self) -> None:
        self.examples += other.examples

    def findings(self) -> list[Finding]:
        values: dict[str, str | int | float] = {"n": self.examples, "minimum": MINIMUM, "wanted": WANTED, "good": GOOD}
        if self.examples < MINIMUM:
            title = Note(N_("There are too few examples: {n}, where at least {minimum} are needed."), values)
            why = Note(N_("Services refuse smaller files, and a model learns nothing lasting from so few."))
            todo = Note(N_("Add examples, or look at the rows that were left out."))
            return [Finding(self.code, "error", title, why, todo, count=self.examples)]
        if self.examples < GOOD:
            title = Note(N_("There are few examples: {n}."), values)
            why = Note(
                N_("Services take them. But {wanted} are where results begin to show, and each doubling helps more.")
                if self.examples < WANTED
                else N_("It is enough to begin with. A few hundred are better, and each doubling helps again."),
                values,
            )
            todo = Note(N_("Add more if you can. A few good examples are worth more than many careless ones."))
            return [Finding("few_examples", "hint", title, why, todo, count=self.examples)]
        return []


class Empty(Rule):
    """Prompts or completions that are empty but for spaces and marks, in a file that has others."""

    code: ClassVar[str] = "empty_completion"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.completions = Found()
        self.prompts = Found()
        self.asked = False

    @classmethod
    def applies(cls, context: Context) -> bool:
        return context.recipe.format == COMPLETION

    def look(self, view: View) -> None:
        if is_blank(bare_completion(self.context.recipe, view.completion)):
            self.completions.add(view)
        if is_blank(bare_prompt(self.context.recipe, view.prompt)):
            self.prompts.add(view)
        else:
            self.asked = True

    def merge(self, other: Self) -> None:
        self.completions.merge(other.completions)
        self.prompts.merge(other.prompts)
        self.asked |= other.asked

    def findings(self) -> list[Finding]:
        recipe, found = self.context.recipe, []
        if self.completions:
            title = Note(N_("Examples with an empty completion: {n}."), {"n": len(self.completions)})
            why = Note(N_("There is nothing to learn in them, and services refuse the file."))
            settings = {"field": "completion", "mark": recipe.stop, "lead": ""}
            found.append(
                Finding(
                    "empty_completion", "error", title, why, Note(LEAVE_OUT), self.completions, drop_empty(settings)
                )
            )
        if self.prompts and self.asked and not recipe.open_ended:
            title = Note(N_("Examples with an empty prompt: {n}."), {"n": len(self.prompts)})
            why = Note(N_("The model would learn to answer nothing at all. In a file of questions that is a mistake."))
            settings = {"field": "prompt", "mark": recipe.separator, "lead": recipe.system_prompt}
            found.append(
                Finding("empty_prompt", "warning", title, why, Note(LEAVE_OUT), self.prompts, drop_empty(settings))
            )
        return found


LEAVE_OUT = N_("Accept to leave these examples out, or fill them in your file.")


def drop_empty(settings: dict[str, Any]) -> Fix:
    """Return the fix that leaves out examples whose field holds nothing but marks."""
    return {"code": "drop_empty", "settings": settings}


def without_empty(record: dict[str, Any], settings: Mapping[str, Any]) -> dict[str, Any] | None:
    """Drop an example whose field is empty; leave any other as it is."""
    text = record.get(settings["field"])
    if not isinstance(text, str):
        return record
    body = split_lead(settings["lead"], text)[1].removesuffix(settings["mark"])
    return None if is_blank(body) else record


def is_blank(text: str) -> bool:
    """Say whether a text is empty or only spaces and line ends."""
    return not text or text.isspace()


class StandIns(RowRule):
    """Completions that are only a stand-in for a missing value.

    Never dropped: "NA" and "None" are labels in many files, and prepare_data deleted them.
    """

    code: ClassVar[str] = "placeholder_completions"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.longest = LONGEST_STAND_IN + len(context.recipe.stop)

    def look(self, view: View) -> None:
        if len(view.completion) <= self.longest and is_stand_in(bare_completion(self.context.recipe, view.completion)):
            self.found.add(view)

    def findings(self) -> list[Finding]:
        if not self.found:
            return []
        title = Note(N_('Completions that are only "nan", "None", "null" or the like: {n}.'), {"n": len(self.found)})
        why = Note(N_("Often a program wrote that where a value was missing; then the model learns to say it."))
        todo = Note(N_("If it is a real answer or label, leave it. If a value is missing, exclude these rows."))
        return [Finding(self.code, "hint", title, why, todo, self.found)]


def is_stand_in(text: str) -> bool:
    return text.strip().lower() in STAND_INS


class PythonValues(RowRule):
    """Texts that are a structure as Python prints it."""

    code: ClassVar[str] = "python_values"

    def look(self, view: View) -> None:
        if is_python_value(view.completion) or is_python_value(view.prompt):
            self.found.add(view)

    def findings(self) -> list[Finding]:
        if not self.found:
            return []
        title = Note(N_("Examples that hold a structure as Python prints it: {n}."), {"n": len(self.found)})
        why = Note(N_("Such text has single quotes and is no JSON. It is mostly left over from an older tool."))
        todo = Note(N_("If you did not mean it, go back to the original file: its columns can be chosen one by one."))
        return [Finding(self.code, "hint", title, why, todo, self.found)]


def is_python_value(text: str) -> bool:
    """Say whether a text begins as Python prints objects and lists of texts."""
    return text[:1] in "{[ " and text.startswith(PYTHON_VALUES)


RULES: tuple[type[Rule], ...] = (Amount, Empty, StandIns, PythonValues, *shape.RULES, *task.RULES)
CHANGES: dict[str, Change] = {"drop_empty": without_empty, **shape.CHANGES}
