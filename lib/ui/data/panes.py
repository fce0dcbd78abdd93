"""How high a pane with foreign texts may get: what is longer scrolls inside it, so that the page stays short."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

TALLEST, LINE = 480, 26
"""Pixels of a pane, and of a line in it."""
LETTERS = 60
"""Latin letters that stand in a line of half a wide page; a Chinese character takes two letters' room."""
WIDE_FROM = "\u2e80"
"""The first character of the blocks that are written wide."""


def height(texts: Iterable[str]) -> int | Literal["content"]:
    """Return the height of a pane with these texts, each under a heading: its own, or, if they are long, the bound."""
    room = TALLEST // LINE
    for text in texts:
        lines = text[: LETTERS * room].split("\n")
        room -= 1 + sum(1 + (len(line) + sum(c >= WIDE_FROM for c in line)) // LETTERS for line in lines)
        if room < 0:
            return TALLEST
    return "content"
