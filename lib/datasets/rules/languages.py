"""Files in which most examples are written in one script and some in another, told by counting letters.

Scripts, not languages: Chinese and English differ by script, English and French don't, and no model is asked. So this
only ever hints.
"""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from lib.datasets.fixes import Change
from lib.datasets.rules.base import Context, Finding, Found, Rule
from lib.datasets.rules.batches import Batch, BatchRule
from lib.datasets.rules.character_classes import (
    ARABIC,
    CYRILLIC,
    GREEK,
    HAN,
    HANGUL,
    HEBREW,
    INDIC,
    KANA,
    LATIN,
    SCRIPT,
    THAI,
)
from lib.datasets.table import Note
from lib.i18n import N_

WEIGHT = 3
"""A Chinese, Japanese or Korean character says about as much as three letters."""
ENOUGH = 20
"""Letters that a text needs to be told by."""
MOST = 0.6
"""Part of its letters that makes a text one of that script; and of the examples, that makes a file one."""
SOME = 0.005
JAPANESE = 0.1
"""Part of kana among Chinese characters from which on a text is Japanese."""

TITLES = {
    LATIN: N_("Answers written in Latin letters, unlike most: {n}."),
    HAN: N_("Answers written in Chinese, unlike most: {n}."),
    KANA: N_("Answers written in Japanese, unlike most: {n}."),
    HANGUL: N_("Answers written in Korean, unlike most: {n}."),
    CYRILLIC: N_("Answers written in Cyrillic letters, unlike most: {n}."),
    GREEK: N_("Answers written in Greek, unlike most: {n}."),
    HEBREW: N_("Answers written in Hebrew, unlike most: {n}."),
    ARABIC: N_("Answers written in Arabic letters, unlike most: {n}."),
    INDIC: N_("Answers written in a script of India, unlike most: {n}."),
    THAI: N_("Answers written in Thai, unlike most: {n}."),
}


class Languages(BatchRule):
    """Examples in another script than most, and answers in another script than their question."""

    code: ClassVar[str] = "language_mix"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.written = {script: Found() for script in TITLES}
        self.crossed = Found()
        self.both = 0

    def examine(self, batch: Batch) -> None:
        """Tell the script of every question and every answer."""
        told = scripts_of(batch).reshape(-1, 2)
        for view, (question, answer) in zip(batch.views, told.tolist(), strict=True):
            if answer:
                self.written[answer].add(view)
                if question and question != answer:
                    self.crossed.add(view)
        self.both += int(told.all(axis=1).sum())

    def take(self, other: Self) -> None:
        """Add what was found in the piece that follows."""
        for script, found in self.written.items():
            found.merge(other.written[script])
        self.crossed.merge(other.crossed)
        self.both += other.both

    def findings(self) -> list[Finding]:
        """Return a hint where a part of the answers is in another script, and where questions and answers differ."""
        self.flush()
        return [*self.mixed(), *self.differing()]

    def mixed(self) -> list[Finding]:
        """Return a hint for each script that some answers are written in, while most are written in another."""
        total = sum(map(len, self.written.values()))
        main = max(self.written, key=lambda script: len(self.written[script]))
        if not total or len(self.written[main]) < MOST * total:
            return []
        why = N_("A model trained on both may change the language in the middle of an answer.")
        todo = N_("If they are there by mistake, leave them out or translate them. If both are wanted, all is well.")
        return [
            Finding(
                self.code,
                "hint",
                Note(TITLES[script], {"n": len(found)}),
                Note(why),
                Note(todo),
                found,
            )
            for script, found in self.written.items()
            if script != main and len(found) >= max(1, SOME * total)
        ]

    def differing(self) -> list[Finding]:
        """Return a hint when some answers, not most, are in another script than their question."""
        if not self.crossed or 2 * len(self.crossed) > self.both:
            return []
        title = N_("Answers written in another script than their question: {n}.")
        why = N_("The model learns to answer some questions in another language than they are asked in.")
        todo = N_("Look at some of them. For translations that is right; else change the question or the answer.")
        return [
            Finding(
                "language_differs", "hint", Note(title, {"n": len(self.crossed)}), Note(why), Note(todo), self.crossed
            )
        ]


def scripts_of(batch: Batch) -> NDArray[np.uint8]:
    """Return (2 * examples,) the script of each text, 0 when it can't be told."""
    written = batch.classes & np.uint8(SCRIPT)
    counts = np.zeros((max(TITLES) + 1, len(batch.texts)), np.uint32)
    seen = written.tobytes()
    for script in TITLES:
        if script in seen:
            counts[script] = batch.counts(written == script)
    counts[[HAN, KANA, HANGUL]] *= WEIGHT
    japanese = counts[KANA] > JAPANESE * (counts[KANA] + counts[HAN])
    counts[KANA] += np.where(japanese, counts[HAN], 0).astype(np.uint32)
    counts[HAN][japanese] = 0
    total = counts.sum(axis=0)
    told = counts.argmax(axis=0).astype(np.uint8)
    told[(counts.max(axis=0) < MOST * total) | (total < ENOUGH)] = 0
    return told


RULES: tuple[type[Rule], ...] = (Languages,)
CHANGES: dict[str, Change] = {}
