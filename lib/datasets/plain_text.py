"""TXT -> records: questions with answers where the text marks them, else one text a line."""

from __future__ import annotations

import re

from lib.datasets.grid import capped
from lib.datasets.records import Record, Records
from lib.datasets.table import Note
from lib.i18n import N_

ASKS = re.compile(r"\s*(?:Q|Question|User|Human|问|问题|提问|用户|客户)\s*[:：]\s*(.*)", re.IGNORECASE | re.DOTALL)
ANSWERS = re.compile(
    r"\s*(?:A|Answer|Assistant|Bot|AI|答|答案|回答|回复|助手|客服)\s*[:：]\s*(.*)", re.IGNORECASE | re.DOTALL
)
NEWLINE = re.compile(r"\r\n|\r|\n")

MARKED = N_("Lines that start with Q: and A: (or 问：and 答：) are questions and answers.")
LINES = N_("Each line that is not blank is one text.")


def read_text(text: str, name: str) -> Records:
    """Read marked questions and answers, or lines."""
    lines = list(capped(enumerate(NEWLINE.split(text), start=1), name))
    filled = [line for _number, line in lines if line.strip()]
    if filled and ASKS.match(filled[0]) and any(ANSWERS.match(line) for line in filled):
        return Records(pairs(lines), "txt", [Note(MARKED)])
    texts: list[Record] = [(number, {"text": line}) for number, line in lines if line.strip()]
    return Records(texts, "txt", [Note(LINES)])


def pairs(lines: list[tuple[int, str]]) -> list[Record]:
    """Gather each question with its answer; lines without a mark go on with what came before."""
    found: list[tuple[int, list[str], list[str]]] = []
    for number, line in lines:
        asked, answered = ASKS.match(line), ANSWERS.match(line)
        if asked:
            found.append((number, [asked[1]], []))
        elif answered and not found[-1][2]:
            found[-1][2].append(answered[1])
        elif found:
            (found[-1][2] or found[-1][1]).append(line)
    return [(n, {"question": "\n".join(q).strip(), "answer": "\n".join(a).strip()}) for n, q, a in found]
