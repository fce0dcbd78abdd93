"""What kind of task a file holds, by how often its answers repeat.

Labels are few, short and each given often. A few questions with one long answer, again and again, are no
classification but paraphrases (prepare_data took an FAQ for one, and its answers for classes).
"""

from __future__ import annotations

from array import array
from typing import Any, ClassVar, Self
from zlib import crc32

from lib.datasets.recipe import CHAT, COMPLETION
from lib.datasets.rules.bare import bare_completion, bare_prompt
from lib.datasets.rules.base import Context, Finding, Rule, View
from lib.datasets.table import Note
from lib.i18n import N_

MINIMUM = 10
"""A kind is told from this many examples on."""
LABEL_BYTES = 40
"""In UTF-8: 40 Latin letters or 13 Chinese characters."""
LABEL_WORDS = 5
SENTENCE_ENDS = ("。", "！", "？", ".", "!", "?", "；", ";")
MOST_LABELS = 1000
LABELLED = 0.9
"""Part of the examples that must have a short answer to call it classification."""
REPEATED = 3
"""Answers repeat when there are three times as many examples as different answers: prepare_data's own threshold."""
RARE = 10
HASHED = 10_000
"""The first examples, whose answers are compared; hashes of 40 KB."""


class Task(Rule):
    """Classification, paraphrased answers, free writing, or answers to questions."""

    code: ClassVar[str] = "task"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.examples = 0
        self.asked = 0
        self.long = 0
        self.labels: dict[str, int] | None = {}
        """How often each short answer stands; None once there are too many to be labels."""
        self.answers = array("I")
        self.longest = LABEL_BYTES + len(context.recipe.stop) + 1
        self.dressing = len(context.recipe.separator) + len(context.recipe.system_prompt) + 2

    @classmethod
    def applies(cls, context: Context) -> bool:
        return context.recipe.format in (COMPLETION, CHAT)

    def look(self, view: View) -> None:
        answer = view.completion
        self.examples += 1
        if len(self.answers) < HASHED:
            self.answers.append(crc32(answer.encode("utf-8", "surrogatepass")))
        if len(view.prompt) > self.dressing or bare_prompt(self.context.recipe, view.prompt):
            self.asked += 1
        if len(answer) > self.longest:
            self.long += 1
        elif self.labels is not None:
            label = bare_completion(self.context.recipe, answer).strip()
            self.labels[label] = self.labels.get(label, 0) + 1
            if len(self.labels) > MOST_LABELS:
                self.labels = None

    def merge(self, other: Self) -> None:
        self.examples += other.examples
        self.asked += other.asked
        self.long += other.long
        self.answers.extend(other.answers[: HASHED - len(self.answers)])
        if self.labels is None or other.labels is None:
            self.labels = None
            return
        for label, times in other.labels.items():
            self.labels[label] = self.labels.get(label, 0) + times
        if len(self.labels) > MOST_LABELS:
            self.labels = None

    def findings(self) -> list[Finding]:
        if self.examples < MINIMUM:
            return []
        labels = {label: n for label, n in (self.labels or {}).items() if is_label(label)}
        if not self.asked:
            return [self.open_ended()]
        if sum(labels.values()) >= LABELLED * self.examples and len(labels) * REPEATED < self.examples:
            return self.classification(labels) if len(labels) > 1 else []
        different = len(set(self.answers))
        if different > 1 and different * REPEATED <= len(self.answers):
            return [self.paraphrases(different)]
        return [self.conditional()] if different > 1 else []

    def classification(self, labels: dict[str, int]) -> list[Finding]:
        by_count = sorted(labels.items(), key=lambda item: (-item[1], item[0]))
        (often, most), (seldom, least) = by_count[0], by_count[-1]
        values: dict[str, str | int | float] = {
            "n": len(labels),
            "often": often,
            "most": most,
            "seldom": seldom,
            "least": least,
        }
        title = Note(
            N_("This is classification. Labels: {n}, from {often} ({most}) to {seldom} ({least})."),
            values,
        )
        why = Note(N_("The model learns to choose one of the labels. A small model is good at that."))
        todo = Note(N_("Keep examples of every label for validation, and ask with temperature 0."))
        found = [Finding("task_classification", "hint", title, why, todo, count=len(labels))]
        rare = [label for label, times in by_count if times < RARE]
        if rare:
            listed = ", ".join(sorted(rare)[:RARE]) + (", …" if len(rare) > RARE else "")
            title = Note(N_("Labels with fewer than {few} examples: {n} ({labels})."),
                         {"few": RARE, "n": len(rare), "labels": listed})  # fmt: skip
            why = Note(N_("The model will hardly ever choose them, and validation says little about them."))
            todo = Note(N_("Add examples of these labels, or put similar labels together."))
            found.append(Finding("rare_labels", "hint", title, why, todo, count=len(rare)))
        return found

    def paraphrases(self, different: int) -> Finding:
        values: dict[str, str | int | float] = {"n": len(self.answers), "answers": different}
        title = Note(N_("Few answers to many questions: {answers} answers to {n} questions."), values)
        why = Note(N_("Questions with one answer are paraphrases, not a class. In training and validation at once, "
                      "they make the model look better than it is."))  # fmt: skip
        todo = Note(N_("When you split off validation data, keep all questions with one answer on the same side."))
        return Finding("task_paraphrases", "hint", title, why, todo, count=different)

    def open_ended(self) -> Finding:
        title = Note(N_("This is free writing: there are no prompts, only texts."))
        why = Note(N_("The model learns to write more texts like these, without being asked anything."))
        todo = Note(N_("Some thousand texts are best. To steer what it writes, give the texts a prompt each."))
        return Finding("task_open_ended", "hint", title, why, todo, count=self.examples)

    def conditional(self) -> Finding:
        title = Note(N_("This is text in answer to a prompt, and the answers differ."))
        why = Note(N_("The model learns to write an answer to what it is asked: the commonest task."))
        todo = Note(N_("A few hundred good examples are enough to begin with. Look at answers, not only at the loss."))
        return Finding("task_conditional", "hint", title, why, todo, count=self.examples)


def is_label(text: str) -> bool:
    """Say whether a text could name a class: short, one line, no sentence."""
    return (
        0 < len(text.encode("utf-8", "surrogatepass")) <= LABEL_BYTES
        and "\n" not in text
        and not text.endswith(SENTENCE_ENDS)
        and text.count(" ") < LABEL_WORDS
    )


class Sameness(Rule):
    """All answers, or all questions, are one and the same."""

    code: ClassVar[str] = "same_completions"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.examples = 0
        self.answer: str | None = None
        self.question: str | None = None
        self.answers_differ = False
        self.questions_differ = False

    @classmethod
    def applies(cls, context: Context) -> bool:
        return context.recipe.format in (COMPLETION, CHAT)

    def look(self, view: View) -> None:
        self.examples += 1
        if not self.answers_differ:
            self.compare_answers(all_answers(view))
        if not self.questions_differ:
            self.compare_questions(view.prompt)

    def compare_answers(self, answer: str | None) -> None:
        if self.answer is None:
            self.answer = answer
        self.answers_differ |= answer is not None and answer != self.answer

    def compare_questions(self, question: str | None) -> None:
        if self.question is None:
            self.question = question
        self.questions_differ |= question is not None and question != self.question

    def merge(self, other: Self) -> None:
        self.examples += other.examples
        self.compare_answers(other.answer)
        self.compare_questions(other.question)
        self.answers_differ |= other.answers_differ
        self.questions_differ |= other.questions_differ

    def findings(self) -> list[Finding]:
        found = []
        if self.examples > 1 and not self.answers_differ:
            title = Note(N_("All completions are the same."))
            why = Note(N_("The model would learn to say this one thing whatever it is asked."))
            todo = Note(N_("Choose another column as completion, or add examples with other answers."))
            found.append(Finding("same_completions", "error", title, why, todo, count=self.examples))
        if self.examples > 1 and not self.questions_differ and bare_prompt(self.context.recipe, self.question or ""):
            title = Note(N_("All prompts are the same."))
            why = Note(N_("A prompt that never changes tells the model nothing about the answer."))
            todo = Note(N_("Choose the column that differs as prompt. For free writing, use no prompt at all."))
            found.append(Finding("same_prompts", "warning", title, why, todo, count=self.examples))
        return found


def all_answers(view: View) -> str:
    """Return everything an example teaches, as one text: of a conversation, all messages of the assistant."""
    messages: list[Any] = view.record.get("messages") or []
    return repr([m for m in messages if m.get("role") == "assistant"]) if messages else view.completion


RULES: tuple[type[Rule], ...] = (Task, Sameness)
