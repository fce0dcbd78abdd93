"""Files to measure with: chat in Chinese and English, the same bytes on every machine, not one row twice.

The words are those of a tokenizer's own vocabulary, as often as words are: the second half as often as the first, the
third a third as often. One word in twenty is made of two, so that not every word is a token.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from pathlib import Path

import numpy as np

from lib.config import ENCODINGS
from lib.pricing.encodings import RANKS

ENGLISH = re.compile(" [a-z]{2,12}")
CHINESE = re.compile("[\u4e00-\u9fff]{1,2}")
WORDS = 8_000
BATCH = 1_000
"""Rows made at a time."""
SYSTEMS = ("You are a helpful assistant.", "你是一个乐于助人的助手，请用简洁的中文回答。")
ENDS = ((". ", ", ", ".\n\n"), ("。", "，", "。\n\n"))
GAPS = (" ", "")
PER_ROW = (148, 178)
"""Words of a row: 900 bytes with all that is around them."""


@lru_cache
def words() -> tuple[list[str], list[str]]:
    """Return English words, each with the space before it, and Chinese ones, the commonest first."""
    lines = (ENCODINGS / RANKS["o200k_base"]).read_bytes().splitlines()
    texts = [base64.b64decode(line.split()[0]).decode("utf-8", "ignore") for line in lines]
    return tuple(list(islice(filter(kind.fullmatch, texts), WORDS)) for kind in (ENGLISH, CHINESE))  # type: ignore[return-value]


def chat_rows(seed: int = 1) -> Iterator[bytes]:
    """Yield lines without end: a short system text, a question, an answer; every second row is Chinese."""
    rng = np.random.default_rng(seed)
    while True:
        english, chinese = (texts(rng, language) for language in (0, 1))
        for pair in zip(english, chinese, strict=True):
            for system, (asked, answered) in zip(SYSTEMS, pair, strict=True):
                talk = [("system", system), ("user", asked), ("assistant", answered)]
                record = {"messages": [{"role": role, "content": text} for role, text in talk]}
                yield json.dumps(record, ensure_ascii=False).encode() + b"\n"


def texts(rng: np.random.Generator, language: int) -> Iterator[tuple[str, str]]:
    """Yield questions with their answers, of about 750 bytes together."""
    known = words()[language]
    odds = 1 / np.arange(10, len(known) + 10)
    reach = np.cumsum(odds / odds.sum())
    per_row = PER_ROW[language]
    drawn = np.searchsorted(reach, rng.random((BATCH, per_row))).clip(0, len(known) - 1)
    joined = rng.random((BATCH, per_row)) < 0.05
    stops = rng.integers(6, 14, (BATCH, per_row))
    which = rng.choice(3, (BATCH, per_row), p=(0.45, 0.5, 0.05))
    for row in range(BATCH):
        said = [
            sentence.strip() for sentence in clauses(known, drawn[row], joined[row], stops[row], which[row], language)
        ]
        yield GAPS[language].join(said[:3]).strip(",，"), GAPS[language].join(said[3:])


def clauses(
    known: list[str],
    drawn: np.ndarray,
    joined: np.ndarray,
    stops: np.ndarray,
    which: np.ndarray,
    language: int,
) -> Iterator[str]:
    """Yield a row's words, cut into clauses with what ends each."""
    chosen = [known[number] for number in drawn]
    said = [word.strip() if join else word for word, join in zip(chosen, joined, strict=True)]
    at = 0
    while at < len(said):
        length = int(stops[at])
        yield "".join(said[at : at + length]).strip().capitalize() + ENDS[language][which[at]]
        at += length


def write_rows(path: Path, rows: int) -> None:
    """Write so many rows of chat."""
    with path.open("wb") as file:
        file.writelines(islice(chat_rows(), rows))


def write_bytes(path: Path, size: int) -> None:
    """Write as many rows of chat as fit into `size` bytes."""
    with path.open("wb") as file:
        for row in chat_rows(seed=2):
            if file.tell() + len(row) > size:
                return
            file.write(row)


def write_prefixed(path: Path, rows: int, prefix: int) -> None:
    """Write pairs of prompt and completion whose prompts begin with the same `prefix` characters."""
    lead = "".join(islice((asked for asked, _answer in texts(np.random.default_rng(3), 0)), 200))[:prefix]
    talks = (json.loads(row)["messages"] for row in chat_rows(seed=4))
    with path.open("w", encoding="utf-8") as file:
        for _system, asked, answered in islice(talks, rows):
            record = {"prompt": lead + asked["content"], "completion": answered["content"]}
            file.write(json.dumps(record, ensure_ascii=False) + "\n")
