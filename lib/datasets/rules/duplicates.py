"""Examples that stand twice, contradict each other, or leak into validation.

Each example is kept as two hashes of 64 bits: what it asks, and all of it. Hashes of different examples are the same
by chance once in 100 million files of 600,000 examples, so equal hashes are equal examples.
"""

from __future__ import annotations

import marshal
from array import array
from hashlib import sha256
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from lib.datasets.fixes import Change
from lib.datasets.rules.base import ComparingRule, Context, Finding, Found, Rule, Severity, View
from lib.datasets.rules.equal import distinct, firsts
from lib.datasets.rules.found import found_at
from lib.datasets.table import Note
from lib.i18n import N_

EMPTY = 0
"""Stands for an empty question, which asks nothing and so is the same as no other."""

MEANT, LONG = 20, 40
"""From so many examples on, when they are most of a file of long answers (characters on average), several answers to
one question are how the file is made: stories to the same three words, say."""

CONFLICT = (
    N_("The model can't learn which answer is right: it will give either, as if by chance."),
    N_("Keep the answer you want each time, and change or leave out the others. Several are fine if any will do."),
)
VARIETY = (
    N_("The model learns that one question has many good answers, and gives now one and now another."),
    N_("If that is wanted, all is well. If only one answer is right, keep that and leave out the others."),
)


def asked(view: View) -> int:
    """Return 64 bits that stand for what an example asks: the same in every process; 0 when it asks nothing."""
    return hashes(view)[0]


def hashes(view: View) -> tuple[int, int]:
    """Return the hashes of a question and of all of an example; the view keeps them, as several rules ask."""
    if view.hashes is None:
        question, answer = parts_of_talk(view.record["messages"]) if view.talk else parts(view.record)
        first = sha256(marshal.dumps(question, 2)).digest()
        whole = sha256(marshal.dumps(answer, 2) + first).digest()
        asks = bool(view.prompt) and not view.prompt.isspace()
        view.hashes = (int.from_bytes(first[:8], "little") if asks else EMPTY, int.from_bytes(whole[:8], "little"))
    return view.hashes


def parts(record: dict[str, Any]) -> tuple[Any, Any]:
    """Return what a record asks and what it answers, as plain values that are equal when the records are."""
    if "completion" in record:
        return record.get("prompt", ""), record["completion"] if len(record) == 2 else plain(record)
    messages = record.get("messages")
    if not isinstance(messages, list):
        return plain(record.get("input")), plain({key: value for key, value in record.items() if key != "input"})
    said = []
    for message in messages:
        content = message.get("content")
        common = type(content) is str and len(message) == 2 and "role" in message
        said.append((message["role"], content) if common else plain(message))
    others = plain({key: value for key, value in record.items() if key != "messages"}) if len(record) > 1 else None
    if messages and messages[-1].get("role") == "assistant":
        return (said[:-1], others), said[-1]
    return said, others


def parts_of_talk(messages: list[dict[str, str]]) -> tuple[Any, Any]:
    """Return what `parts` does of an example with a `talk`, in half the time."""
    said = [(message["role"], message["content"]) for message in messages]
    return ((said[:-1], None), said[-1]) if said[-1][0] == "assistant" else (said, None)


def plain(value: Any) -> Any:
    """Return a JSON value with the keys of every object in one order."""
    if isinstance(value, dict):
        return [(key, plain(value[key])) for key in sorted(value)]
    return [plain(item) for item in value] if isinstance(value, list) else value


class Repeats(ComparingRule):
    """The same example twice, and the same question with different answers."""

    code = "duplicate_rows"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.rows: array[int] = array("Q")
        self.lines: array[int] = array("Q")
        self.questions: array[int] = array("Q")
        self.wholes: array[int] = array("Q")
        self.letters = 0

    def look(self, view: View) -> None:
        """Keep the hashes of one example."""
        self.letters += len(view.completion)
        question, whole = hashes(view)
        self.rows.append(view.row)
        self.lines.append(view.origin.line)
        self.questions.append(question)
        self.wholes.append(whole)

    def merge(self, other: Self) -> None:
        """Add the examples that follow."""
        self.rows.extend(other.rows)
        self.lines.extend(other.lines)
        self.questions.extend(other.questions)
        self.wholes.extend(other.wholes)
        self.letters += other.letters

    def repeated(self) -> NDArray[np.bool_]:
        """Return (examples,) whether an example stood before."""
        first = firsts(np.frombuffer(self.wholes, np.uint64))
        return first != np.arange(len(first))

    def surplus(self) -> set[int]:
        """Return the rows of every example that stood before."""
        return set(np.frombuffer(self.rows, np.uint64)[self.repeated()].tolist())

    def findings(self) -> list[Finding]:
        """Return the repeats, and the questions whose answers differ."""
        return [*self.duplicates(), *self.conflicts()]

    def duplicates(self) -> list[Finding]:
        """Return a finding when examples stand more than once."""
        found = found_at(self.rows, self.lines, self.repeated())
        if not found:
            return []
        title = N_("Examples that repeat an earlier one: {n} of {all}.")
        why = N_("What stands twice counts twice: the model leans towards it, and you pay for it again.")
        todo = N_("Accept to keep the first of each and leave out the others.")
        return [
            Finding(
                self.code,
                "warning",
                Note(title, {"n": len(found), "all": len(self.rows)}),
                Note(why),
                Note(todo),
                found,
                {"code": self.code, "settings": {}},
            )
        ]

    def conflicts(self) -> list[Finding]:
        """Return a finding when one question has several answers."""
        questions = np.frombuffer(self.questions, np.uint64)
        if self.context.recipe.open_ended or distinct(questions):
            return []
        order = np.argsort(questions, kind="stable")
        asked, wholes = questions[order], np.frombuffer(self.wholes, np.uint64)[order]
        begins = np.flatnonzero(np.diff(asked, prepend=asked[:1] + np.uint64(1)))
        sizes = np.diff(begins, append=len(asked))
        differs = np.minimum.reduceat(wholes, begins) != np.maximum.reduceat(wholes, begins)
        differs &= asked[begins] != EMPTY
        conflicting = np.zeros(len(order), np.bool_)
        conflicting[order] = np.repeat(differs, sizes)
        found = found_at(self.rows, self.lines, conflicting)
        if not found:
            return []
        title = N_("Questions that are answered in different ways: {questions}, in {n} examples.")
        values: dict[str, str | int | float] = {"questions": int(differs.sum()), "n": len(found)}
        meant = len(found) >= MEANT and len(found) * 2 > len(self.rows) and self.letters > LONG * len(self.rows)
        why, todo = VARIETY if meant else CONFLICT
        severity: Severity = "hint" if meant else "warning"
        return [Finding("conflicting_answers", severity, Note(title, values), Note(why), Note(todo), found)]


class Leak(ComparingRule):
    """Questions that the validation file asks too."""

    code = "validation_leak"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.validation = context.validation - {EMPTY}
        self.found = Found()
        self.seen = 0

    @classmethod
    def applies(cls, context: Context) -> bool:
        return bool(context.validation) and not context.recipe.open_ended

    def look(self, view: View) -> None:
        """Note an example whose question stands in the validation file."""
        self.seen += 1
        if asked(view) in self.validation:
            self.found.add(view)

    def merge(self, other: Self) -> None:
        """Add the examples that follow."""
        self.seen += other.seen
        self.found.merge(other.found)

    def surplus(self) -> set[int]:
        """Return the rows that leak: they leave training, validation stays whole."""
        return set(self.found.rows)

    def findings(self) -> list[Finding]:
        """Return a finding when any example leaks."""
        if not self.found:
            return []
        title = N_("Examples that ask what the validation file asks too: {n} of {all}.")
        why = N_("The validation figures then show what the model remembers, not what it can do: they look too good.")
        todo = N_("Accept to leave these examples out of training; the validation file stays as it is.")
        return [
            Finding(
                self.code,
                "warning",
                Note(title, {"n": len(self.found), "all": self.seen}),
                Note(why),
                Note(todo),
                self.found,
                {"code": self.code, "settings": {}},
            )
        ]


RULES: tuple[type[Rule], ...] = (Repeats, Leak)
CHANGES: dict[str, Change] = {}
