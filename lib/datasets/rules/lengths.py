"""Examples too long for the model, so long that nothing is left to learn, or hardly worth it.

Lengths are tokens of the chosen model. When nobody counted them, nothing is said about them: characters don't tell
(9,000 Chinese characters are anything from 6,000 to 18,000 tokens).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, ClassVar, Self

from lib.datasets.fixes import Change
from lib.datasets.recipe import CHAT, COMPLETION, Fix
from lib.datasets.rules import instructions
from lib.datasets.rules.bare import bare_completion
from lib.datasets.rules.base import Context, Finding, Found, Rule, View, text_of_message
from lib.datasets.table import Note
from lib.i18n import N_

SHORT = 3
"""Characters below which a completion is very short."""
MOST_NAMED = 1000
"""Examples that a fix names; with more, another model is the answer."""
USUAL = 40
"""Average characters of completions from which on short ones stand out; below, they are labels or words."""


class OverLong(Rule):
    """Examples longer than the model takes."""

    code: ClassVar[str] = "over_long"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.limit = context.limit or 0
        self.longest = 0
        self.cut = Found()
        self.lost = Found()
        self.prints: dict[str, dict[str, int]] = {"over_long": {}, "nothing_left": {}}
        """By code, the fingerprint and row of each example, up to one more than a fix may name."""

    @classmethod
    def applies(cls, context: Context) -> bool:
        return context.limit is not None

    def look(self, view: View) -> None:
        if view.tokens is None or view.tokens <= self.limit:
            return
        self.longest = max(self.longest, view.tokens)
        lost = share_asked(view) * view.tokens >= self.limit
        (self.lost if lost else self.cut).add(view)
        code = "nothing_left" if lost else "over_long"
        if len(self.prints[code]) <= MOST_NAMED:
            self.prints[code].setdefault(fingerprint(view.record), view.row)

    def fix(self, code: str) -> Fix | None:
        """Return the fix that drops exactly these examples; None when there are too many to name in a recipe."""
        prints = self.prints[code]
        return None if len(prints) > MOST_NAMED else {"code": "drop_named", "settings": {"examples": prints}}

    def todo(self, code: str) -> Note:
        return Note(
            N_("Accept to leave these examples out. Or shorten them in your file, or choose a model that takes more.")
            if self.fix(code)
            else N_("Choose a model that takes more, or shorten them in your file. They are too many to leave out.")
        )

    def merge(self, other: Self) -> None:
        self.longest = max(self.longest, other.longest)
        self.cut.merge(other.cut)
        self.lost.merge(other.lost)
        for code, prints in other.prints.items():
            for mark, row in prints.items():
                if len(self.prints[code]) <= MOST_NAMED:
                    self.prints[code].setdefault(mark, row)

    def findings(self) -> list[Finding]:
        found = []
        if self.lost:
            title = Note(
                N_("Examples with nothing left to learn: {n}. The question alone fills all {limit} tokens."),
                {"n": len(self.lost), "limit": self.limit},
            )
            why = Note(N_("What is over the limit is cut off at the end, and here that is the whole answer."))
            found.append(
                Finding(
                    "nothing_left", "error", title, why, self.todo("nothing_left"), self.lost, self.fix("nothing_left")
                )
            )
        if self.cut:
            title = Note(
                N_("Examples longer than the {limit} tokens that the model takes: {n}. The longest has {longest}."),
                {"n": len(self.cut), "limit": self.limit, "longest": self.longest},
            )
            why = Note(N_("The end of their answers is cut off, so the model learns to stop in mid-sentence."))
            found.append(Finding(self.code, "warning", title, why, self.todo(self.code), self.cut, self.fix(self.code)))
        return found


def fingerprint(record: Mapping[str, Any]) -> str:
    """Return 16 characters that no other example has, whatever the order of its keys."""
    text = json.dumps(record, ensure_ascii=False, sort_keys=True)
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def without_named(record: dict[str, Any], settings: Mapping[str, Any]) -> dict[str, Any] | None:
    """Drop an example that is one of those named by their fingerprint, and no other."""
    return None if fingerprint(record) in settings["examples"] else record


def share_asked(view: View) -> float:
    """Return which part of an example comes before the first answer that is learnt, by its size in UTF-8.

    Tokens are counted for whole examples. Their size shares them out well enough: both parts are mostly of one script.
    """
    messages: list[dict[str, Any]] = view.record.get("messages") or []
    before = [view.prompt]
    texts = [view.prompt, view.completion]
    if messages:
        learnt = [m.get("role") == "assistant" and m.get("weight") != 0 for m in messages]
        texts = [text_of_message(message) for message in messages]
        before = texts[: learnt.index(True)] if True in learnt else texts
    return sum(map(size, before)) / max(1, sum(map(size, texts)))


def size(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


class ShortCompletions(Rule):
    """A few very short completions among long ones."""

    code: ClassVar[str] = "short_completions"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.answers = 0
        self.characters = 0
        self.found = Found()
        self.short = SHORT + len(context.recipe.stop) + 1

    @classmethod
    def applies(cls, context: Context) -> bool:
        return context.recipe.format in (COMPLETION, CHAT)

    def look(self, view: View) -> None:
        length = len(view.completion)
        self.answers += 1
        self.characters += length
        if length < self.short and 0 < len(bare_completion(self.context.recipe, view.completion).strip()) < SHORT:
            self.found.add(view)

    def merge(self, other: Self) -> None:
        self.answers += other.answers
        self.characters += other.characters
        self.found.merge(other.found)

    def findings(self) -> list[Finding]:
        average = self.characters // max(1, self.answers)
        if not self.found or average < USUAL:
            return []
        title = Note(
            N_("Very short completions: {n}. On average they have {average} characters."),
            {"n": len(self.found), "average": average},
        )
        why = Note(N_("Where answers are long, one of a character or two is often a slip, and the model learns it."))
        todo = Note(N_("Look at these rows. Complete or exclude those that are not meant so."))
        return [Finding(self.code, "hint", title, why, todo, self.found)]


RULES: tuple[type[Rule], ...] = (OverLong, ShortCompletions, *instructions.RULES)
CHANGES: dict[str, Change] = {"drop_named": without_named, **instructions.CHANGES}
