"""TXT -> records: questions with answers where the text marks them, else one text a line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice

from lib.datasets.files.encoding import Text
from lib.datasets.files.grid import capped
from lib.datasets.files.records import Record, Records
from lib.datasets.table import Note
from lib.i18n import N_

BEFORE = r"[\s*#>-]*(?:\d+\s*[.、)]\s*)?"
"""What may stand before a mark: blanks, signs of Markdown, the number of an item."""
AFTER = r"\s*\d*\s*[:：]\**\s*(.*)"
ASKS = re.compile(BEFORE + r"(?:Q|Question|User|Human|问|问题|提问|用户|客户)" + AFTER, re.IGNORECASE | re.DOTALL)
ANSWERS = re.compile(
    BEFORE + r"(?:A|Answer|Assistant|Bot|AI|答|答案|回答|回复|助手|客服)" + AFTER, re.IGNORECASE | re.DOTALL
)
HEAD = 1000

MARKED = N_("Lines that start with Q: and A: (or 问：and 答：) are questions and answers.")
LINES = N_("Each line that is not blank is one text.")


def read_text(text: Text, name: str) -> Records:
    """Read marked questions and answers, or lines."""
    head = [line for _number, line in islice(filled_lines(text), HEAD)]
    lines = capped(filled_lines(text), name)
    if head and ASKS.match(head[0]) and any(ANSWERS.match(line) for line in head):
        return Records(pairs(capped(all_lines(text), name)), "txt", [Note(MARKED)])
    return Records(((number, {"text": line}) for number, line in lines), "txt", [Note(LINES)])


def all_lines(text: Text) -> Iterator[tuple[int, str]]:
    """Yield the lines with their numbers, without their ends."""
    with text.open() as lines:
        for number, line in enumerate(lines, start=1):
            yield number, line.rstrip("\r\n")


def filled_lines(text: Text) -> Iterator[tuple[int, str]]:
    """Yield the lines that are not blank."""
    return ((number, line) for number, line in all_lines(text) if line.strip())


def pairs(lines: Iterable[tuple[int, str]]) -> Iterator[Record]:
    """Gather each question with its answer; lines without a mark go on with what came before."""
    asking: tuple[int, list[str], list[str]] | None = None
    for number, line in lines:
        asked, answered = ASKS.match(line), ANSWERS.match(line)
        if asked:
            if asking:
                yield pair(*asking)
            asking = (number, [asked[1]], [])
        elif asking and answered and not asking[2]:
            asking[2].append(answered[1])
        elif asking:
            (asking[2] or asking[1]).append(line)
    if asking:
        yield pair(*asking)


def pair(number: int, question: list[str], answer: list[str]) -> Record:
    return number, {"question": "\n".join(question).strip(), "answer": "\n".join(answer).strip()}
