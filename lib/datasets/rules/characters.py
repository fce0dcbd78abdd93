"""Characters that hide, reorder or break text.

Sources: Unicode's general categories Cc, Cf, Co, Cs, Zl and Zp; UAX #9 for direction; UTS #51 for emoji; "Trojan
Source" (CVE-2021-42574) for what direction marks can do. The fixes take away what no reader can see and no language
needs. What emoji, Persian, Indian, Thai and right-to-left texts need stays, and so do tabs and line ends.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from lib.datasets.fixes import Change
from lib.datasets.rules.base import Context, Finding, Found, Rule, Severity, View
from lib.datasets.rules.batches import Batch, BatchRule, holds
from lib.datasets.rules.character_classes import SUSPICIOUS
from lib.datasets.rules.texts import map_texts, texts_in
from lib.datasets.table import Note
from lib.i18n import N_

CLEAN = "clean_characters"
NAMED = 5
"""Characters that a finding names."""


@dataclass(frozen=True)
class Kind:
    """A kind of character: how to find it, what to put in its place, and what to say of it."""

    name: str
    pattern: re.Pattern[str]
    instead: str | None
    """None where nobody can know what should stand there."""
    severity: Severity
    title: str
    why: str
    todo: str


REMOVE = N_("Accept to take them away; nothing that can be seen changes.")
BY_HAND = N_("Look at the named lines and write what should stand there.")
PLAIN = (
    "\x00-\u024f\u180e\u200b\u2028-\u202e\u2060-\u2069\u3000-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
    "\ud800-\udfff\ufdd0-\ufdef\ufeff\uff00-\uffff\U000e0000-\U000e007f"
)
"""Letters and signs that never need a joiner beside them, and what the fixes take away."""

KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            "control_characters",
            re.compile(
                "\x1b\\[[0-?]*[ -/]*[@-~]|[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ufdd0-\ufdef\ufff9-\ufffb\ufffe\uffff]"
            ),
            "",
            "warning",
            N_("Examples with control characters: {n}. They are {characters}."),
            N_("They are left over from terminals or broken files. The model learns to write them."),
            REMOVE,
        ),
        Kind(
            "line_separators",
            re.compile("[\x0b\x0c\x85\u2028\u2029]"),
            "\n",
            "warning",
            N_("Examples with unusual line ends: {n}. They are {characters}."),
            N_("Some programs cut a line of the file in two there, and then can't read it."),
            N_("Accept to put common line ends in their place."),
        ),
        Kind(
            "invisible_characters",
            re.compile(
                "(?<![\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff])\u200b|[\u00ad\u180e\u2060-\u2064\ufeff]"
                f"|(?:(?<=[{PLAIN}])|^)[\u200c\u200d]+(?=[{PLAIN}]|\\Z)"
                "|(?<![\U0001f3f4\U000e0000-\U000e007f])[\U000e0000-\U000e007f]+"
            ),
            "",
            "warning",
            N_("Examples with invisible characters: {n}. They are {characters}."),
            N_("Nobody sees them, but the model does: the same word with and without them are two words to it."),
            REMOVE,
        ),
        Kind(
            "bidi_characters",
            re.compile("[\u202a-\u202e\u2066-\u2069]"),
            "",
            "warning",
            N_("Examples with characters that turn the direction of writing round: {n}. They are {characters}."),
            N_("What people read is then not what the model reads. They are used to hide things in texts and code."),
            REMOVE,
        ),
        Kind(
            "half_characters",
            re.compile("[\ud800-\udfff]"),
            "",
            "error",
            N_("Examples with halves of characters: {n}. They are {characters}."),
            N_("They can't be written to a file: a program cut an emoji or a rare character in two."),
            N_("Accept to take them away; the other half is lost already."),
        ),
        Kind(
            "lost_characters",
            re.compile("\ufffd"),
            None,
            "warning",
            N_("Examples with the sign for a lost character: {n}. It is {characters}."),
            N_("The file was once read in the wrong encoding. What stood there is gone; the model learns the sign."),
            N_("Get the file again from where it comes from, or write what should stand there."),
        ),
        Kind(
            "private_use_characters",
            re.compile("[\ue000-\uf8ff\U000f0000-\U0010ffff]"),
            None,
            "hint",
            N_("Examples with characters without a meaning of their own: {n}. They are {characters}."),
            N_("Each firm uses them for its own signs, so the model can't know what they stand for."),
            BY_HAND,
        ),
    )
}
RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
OVERRIDES = re.compile("[\u202d\u202e]")
ESCAPE = "\x1b"
CONTROL_NAMES = {
    0: "NULL",
    7: "BELL",
    8: "BACKSPACE",
    11: "LINE TABULATION",
    12: "FORM FEED",
    27: "ESCAPE",
    127: "DELETE",
    133: "NEXT LINE",
}


def pattern_for(kind: Kind, text: str) -> re.Pattern[str]:
    """Return what to look for in this text: where people write from right to left, marks of direction are needed."""
    return OVERRIDES if kind.name == "bidi_characters" and RIGHT_TO_LEFT.search(text) else kind.pattern


class Characters(BatchRule):
    """What hides, reorders or breaks text: one finding for each kind, with names and code points."""

    code: ClassVar[str] = "characters"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.found = {name: Found() for name in KINDS}
        self.characters: dict[str, Counter[str]] = {name: Counter() for name in KINDS}

    def examine(self, batch: Batch) -> None:
        """Look closely at the examples that hold anything suspicious."""
        marked = (batch.classes & SUSPICIOUS) > 0
        if marked.any():
            for view in batch.holding(marked):
                self.count(view)

    def examine_large(self, view: View) -> None:
        """Look at all of it, closely where there is anything suspicious."""
        if any(holds(text, SUSPICIOUS) for text in texts_in(view.record)):
            self.count(view)

    def count(self, view: View) -> None:
        """Note what stands in one example."""
        texts = list(texts_in(view.record))
        for name, kind in KINDS.items():
            matches = [match for text in texts for match in pattern_for(kind, text).findall(text)]
            if matches:
                self.found[name].add(view)
                self.characters[name].update(ESCAPE if m[0] == ESCAPE else m[0] for m in matches)

    def take(self, other: Self) -> None:
        """Add what was found in the piece that follows."""
        for name in KINDS:
            self.found[name].merge(other.found[name])
            self.characters[name].update(other.characters[name])

    def findings(self) -> list[Finding]:
        """Return a finding for each kind that stands anywhere."""
        self.flush()
        return [self.finding(KINDS[name], found) for name, found in self.found.items() if found]

    def finding(self, kind: Kind, found: Found) -> Finding:
        """Return what to say of one kind."""
        commonest = sorted(self.characters[kind.name].items(), key=lambda item: (-item[1], item[0]))
        named = ", ".join(f"{name_of(character)} ({times})" for character, times in commonest[:NAMED])
        if len(commonest) > NAMED:
            named += ", ..."
        return Finding(
            kind.name,
            kind.severity,
            Note(kind.title, {"n": len(found), "characters": named}),
            Note(kind.why),
            Note(kind.todo),
            found,
            {"code": CLEAN, "settings": {"kind": kind.name}} if kind.instead is not None else None,
        )


def name_of(character: str) -> str:
    """Return code point and name: U+200B ZERO WIDTH SPACE."""
    code = ord(character)
    name = CONTROL_NAMES.get(code) or unicodedata.name(character, "")
    return f"U+{code:04X} {name}".strip()


def clean(record: dict[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record without the characters of a kind (`kind`)."""
    kind = KINDS[settings["kind"]]
    instead = kind.instead or ""

    def cleaned(text: str) -> str:
        return pattern_for(kind, text).sub(instead, text) if not text.isascii() or kind.name in ASCII else text

    changed: dict[str, Any] = map_texts(record, cleaned)
    return changed


ASCII = frozenset(["control_characters", "line_separators"])
"""Kinds that have characters in ASCII."""

RULES: tuple[type[Rule], ...] = (Characters,)
CHANGES: dict[str, Change] = {CLEAN: clean}
