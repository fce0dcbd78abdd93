"""Marks at the end of texts: which ones there are, how to find them, and how to cut them.

A mark is told from an accidental common ending by what it is made of. All questions of a file may end with "种问法？",
all prompts with "}": that is text, and stays. A line of its own ("\\n\\nAnswer:"), arrows and runs of signs are marks.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

SEPARATORS = (" ->", "\n\n###\n\n", "\n\n===\n\n", "\n\n---\n\n", "\n\n===>\n\n", "\n\n--->\n\n")
STOPS = ("###", " END", "@@@", "%%%", "&&&", "+++", "$$$", " [END]")
"""Proposed in this order."""
NUMBERED = tuple(f"\n\n### {number} ###\n\n" for number in range(1, 4))
"""Proposed when texts hold all of the others."""

LONGEST_MARK = 40

ARROWS = ("->", "=>", "→", "##", "==", "--")
SEPARATOR_END = re.compile(r"\s*(?:[-=]{2,}>?|[-=]>|#{2,}|→)\s*\Z")
STOP_WORDS = ("###", "END", "[END]", "@@@", "%%%", "&&&", "+++", "$$$", "***", "</s>", "|>", "STOP", "[STOP]")
STOP_END = re.compile(
    r"(?:\s*(?:#{3,}|@@@|%%%|&&&|\+\+\+|\$\$\$|\*\*\*|</s>|<\|endoftext\|>|<\|im_end\|>|\[END\]|\[STOP\])"
    r"|\s+(?:END|STOP))\s*\Z"
)
LAST_LINE = re.compile(r"(?:\n\s*)+[^\n]{1,30}[:：]\s*\Z|\n\s*\n\s*\Z")
"""A last line such as "Answer:", or the blank line before the answer."""


def separator_of(text: str) -> str:
    """Return the separator that a prompt ends with, with the space around it; "" for none."""
    return mark_of(text, ARROWS, SEPARATOR_END)


def stop_of(text: str) -> str:
    """Return the stop that a completion ends with, with the space around it; "" for none."""
    return mark_of(text, STOP_WORDS, STOP_END)


def mark_of(text: str, cheap: tuple[str, ...], exact: re.Pattern[str]) -> str:
    """Return what matches at the end of a text; the regex is asked only where a plain comparison says maybe."""
    tail = text[-LONGEST_MARK:]
    if not tail.rstrip().endswith(cheap):
        return ""
    match = exact.search(tail)
    return match.group() if match else ""


def own_mark(ending: str) -> str:
    """Return the mark in what all prompts end with, when it is one nobody else uses: a last line like "Answer:"."""
    match = LAST_LINE.search(ending)
    return match.group() if match else ""


def is_free(mark: str, text: str) -> bool:
    """Say whether a mark put after a text is found there first: neither inside nor overlapping its end."""
    if mark in text:
        return False
    if text[-1:] not in mark:
        return True
    tail = text[-len(mark) :]
    return (tail + mark).find(mark) == len(tail)


def common_ending(first: str, second: str) -> str:
    """Return the longest ending that two texts share."""
    if second.endswith(first):
        return first
    low, high = 0, min(len(first), len(second))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if first[-middle:] == second[-middle:] else (low, middle - 1)
    return first[-low:] if low else ""


def without_other_marks(record: dict[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Cut marks off the end of one field and end it with the one mark `to`; a text without them stays as it is."""
    text, to = record.get(settings["field"]), settings["to"]
    if not isinstance(text, str):
        return record
    marks = sorted(settings["marks"], key=len, reverse=True)
    body, cut = text.removesuffix(to), False
    while ending := next((mark for mark in marks if body.endswith(mark)), ""):
        body, cut = body.removesuffix(ending).removesuffix(to), True
    if not cut or not body.strip():
        return record
    return {**record, settings["field"]: body + to}
