"""Which examples belong together: they ask the same or nearly the same, stem from one conversation, or are several
ways to ask for one answer.

An answer that many examples share is a label ("spam"), and says nothing about kinship.
"""

from __future__ import annotations

import marshal
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from statistics import median
from typing import Any

import numpy as np

from lib.datasets.rules.base import text_of_message
from lib.datasets.rules.duplicates import parts, plain
from lib.datasets.rules.likeness import repeats
from lib.datasets.rules.sketches import sketch_texts

LONGEST_LABEL = 40
"""Characters of a label, in the middle of all."""
EACH_LABEL = 5
"""Examples of a label on average; with fewer the answers are answers."""
MOST_LABELS = 200
SHORTEST_ANSWER = 15
"""Characters from which on the same answer twice is no chance."""
MOST_PARAPHRASES = 20
"""More examples than this with one answer are no longer ways to ask for it."""
MOST_TURNS = 50
"""More examples than this that open in the same way are no turns of one conversation: it is how all of them open."""
PIECE = 2_000
"""Texts sketched at a time."""


def families(records: Sequence[dict[str, Any]]) -> list[list[int]]:
    """Return the positions of the examples that belong together, in order of their first."""
    asked = [marshal.dumps(parts(record)[0], 2) for record in records]
    close = Links(len(records))
    close.join_equal(asked)
    fine = close.groups()
    labels = labels_of(records)
    if any(map(has_turns, records)):
        close.join_equal(up_to(MOST_TURNS, [thread_of(record) for record in records]))
    if not labels:
        close.join_equal(up_to(MOST_PARAPHRASES, [long_answer(record) for record in records]))
    close.join(_nearly_asked(records, asked))
    wide = close.groups()
    return wide if len(wide) > 1 else fine


class Links:
    """Positions that belong together, joined one pair after the other (union-find)."""

    def __init__(self, size: int) -> None:
        self.first = list(range(size))

    def find(self, position: int) -> int:
        """Return the earliest position that belongs to this one."""
        while self.first[position] != position:
            self.first[position] = self.first[self.first[position]]
            position = self.first[position]
        return position

    def join(self, pairs: Iterable[tuple[int, int]]) -> None:
        """Join each pair."""
        for one, other in pairs:
            a, b = self.find(one), self.find(other)
            self.first[max(a, b)] = min(a, b)

    def join_equal(self, keys: Sequence[Hashable | None]) -> None:
        """Join the positions whose keys are the same; None is like no other."""
        seen: dict[Hashable, int] = {}
        self.join((seen.setdefault(key, at), at) for at, key in enumerate(keys) if key is not None)

    def groups(self) -> list[list[int]]:
        """Return what belongs together, in order of the first of each."""
        found: dict[int, list[int]] = {}
        for position in range(len(self.first)):
            found.setdefault(self.find(position), []).append(position)
        return list(found.values())


def labels_of(records: Sequence[dict[str, Any]]) -> list[str]:
    """Return the label of each example; nothing when the answers are no labels."""
    answers = [answer_of(record).strip() for record in records]
    distinct = set(answers)
    few = 0 < len(distinct) <= min(MOST_LABELS, len(answers) / EACH_LABEL)
    return answers if few and median(map(len, distinct)) <= LONGEST_LABEL else []


def answer_of(record: dict[str, Any]) -> str:
    """Return the text that is learnt: the completion, or the last message of the assistant."""
    if "completion" in record:
        return str(record["completion"])
    messages = record.get("messages") or record.get("preferred_output") or []
    return text_of_message(messages[-1]) if messages and messages[-1].get("role") == "assistant" else ""


def question_of(record: dict[str, Any]) -> str:
    """Return the text of the question itself: the prompt, or the last message before the answer."""
    if "prompt" in record:
        return str(record["prompt"])
    given = record.get("input")
    messages = (given.get("messages") if isinstance(given, dict) else record.get("messages")) or []
    asked = [message for message in messages if message.get("role") == "user"]
    return text_of_message(asked[-1]) if asked else ""


def has_turns(record: dict[str, Any]) -> bool:
    """Say whether a conversation goes on after the first answer."""
    messages = record.get("messages") or ()
    return len(messages) > 3 and sum(message.get("role") == "assistant" for message in messages) > 1


def thread_of(record: dict[str, Any]) -> Hashable | None:
    """Return what the turns of one conversation have in common: how it opens, up to the first answer."""
    messages = record.get("messages")
    if not messages:
        return None
    roles = [message.get("role") for message in messages]
    opening = messages[: roles.index("assistant") + 1] if "assistant" in roles else messages
    return marshal.dumps(plain(opening), 2)


def long_answer(record: dict[str, Any]) -> str | None:
    """Return the answer, if it is too long to be the same as another by chance."""
    text = answer_of(record).strip()
    return text if len(text) >= SHORTEST_ANSWER else None


def up_to(most: int, keys: Sequence[Hashable | None]) -> list[Hashable | None]:
    """Return the keys, None for those that more than `most` examples have."""
    times = Counter(keys)
    return [key if times[key] <= most else None for key in keys]


def _nearly_asked(records: Sequence[dict[str, Any]], asked: Sequence[bytes]) -> list[tuple[int, int]]:
    """Return pairs of examples whose questions are almost the same, one example for each question."""
    firsts = list({key: at for at, key in reversed(list(enumerate(asked)))}.values())[::-1]
    texts = [question_of(records[at])[-1_000:] for at in firsts]
    if len(texts) < 2:
        return []
    made = np.concatenate([sketch_texts(texts[at : at + PIECE]) for at in range(0, len(texts), PIECE)])
    halves = np.stack((made, np.zeros_like(made)), axis=1)
    return [(firsts[first], firsts[later]) for later, first in repeats(halves).items()]
