"""Foreign text on coloured grounds, as Markdown whose every character is escaped.

Streamlit colours a stretch of one paragraph at a time, so each line gets a ground of its own.
"""

from __future__ import annotations

from itertools import takewhile

from lib.ui.text import escape

AROUND = 60
"""Characters that are shown on either side of a change."""
LONGEST = 400
"""Characters of a change that are shown."""
DRAWN = str.maketrans({"\n": "↵", "\t": "⇥", " ": "␣"})


def ground(text: str, colour: str) -> str:
    """Return a text of any number of lines as Markdown on a coloured ground."""
    return "  \n".join(_on(colour, _edges(line)) if line else "" for line in text.split("\n"))


def change(before: str, after: str) -> tuple[str, str]:
    """Return both texts as one line of Markdown each: a little of what stays, and what differs on a ground."""
    start = _alike(before, after)
    end = _alike(before[start:][::-1], after[start:][::-1])
    return _changed(before, start, end, "red"), _changed(after, start, end, "green")


def drawn(mark: str) -> str:
    """Return a mark as Markdown with its spaces and line ends drawn; "" for none."""
    return f":orange-background[{escape(mark.translate(DRAWN))}]" if mark else ""


def cut(text: str, longest: int) -> str:
    """Return the start of a text, with an ellipsis if there is more."""
    return text if len(text) <= longest else text[:longest] + "…"


def _on(colour: str, text: str) -> str:
    """Return a text on a ground; its letters have the colour too, as the grounds alone are pale."""
    letters = escape(text) if colour == "gray" else f":{colour}[{escape(text)}]"
    return f":{colour}-background[{letters}]"


def _alike(one: str, other: str) -> int:
    """Return how many characters two texts have in common at their start."""
    return sum(1 for _same in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _changed(text: str, start: int, end: int, colour: str) -> str:
    stop = len(text) - end
    middle = cut(text[start:stop], LONGEST)
    lead = ("…" if start > AROUND else "") + text[max(0, start - AROUND) : start]
    tail = text[stop : stop + AROUND] + ("…" if end > AROUND else "")
    marked = _on(colour, _edges(middle)) if middle else ""
    parts = [escape(_flat(lead)), marked, escape(_flat(tail))]
    return " ".join(part for part in parts if part)


def _flat(text: str) -> str:
    return text.replace("\n", "↵ ").replace("\t", "⇥ ")


def _edges(text: str) -> str:
    """Return a text with its line ends drawn, and the spaces at both ends, which Markdown would not show."""
    inner = text.strip(" \t\n")
    if not inner:
        return text.translate(DRAWN)
    at = text.index(inner)
    before, after = text[:at], text[at + len(inner) :]
    return before.translate(DRAWN) + _flat(inner) + after.translate(DRAWN)
