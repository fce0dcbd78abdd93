"""Examples -> a training part and a validation part.

Deterministic by seed. What belongs together (`kin`) stays on one side, so that validation never asks what training
has answered. When the answers are labels each label is divided by itself, so that every one of them is on both sides.
Knows nothing of files.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from lib.datasets.kin import families, labels_of

Record = dict[str, Any]


def split(records: Sequence[Record], fraction: float, seed: int) -> tuple[list[Record], list[Record]]:
    """Return (train, valid), both in their old order, with about `fraction` of the records in valid.

    With a fraction above 0 each side gets at least one record, unless all records ask the same thing.
    """
    groups = families(records)
    if fraction <= 0 or len(groups) < 2:
        return list(records), []
    wanted = max(1, round(len(records) * fraction))
    strata = by_label(groups, labels_of(records))
    rng = random.Random(seed)  # noqa: S311 - a shuffle, not a secret
    chosen = choose(strata, shares(strata, wanted), rng)
    if not chosen:
        smallest, *_others = sorted(groups, key=len)
        chosen = set(smallest)
    train = [record for index, record in enumerate(records) if index not in chosen]
    return train, [record for index, record in enumerate(records) if index in chosen]


def by_label(groups: list[list[int]], labels: Sequence[str]) -> list[list[list[int]]]:
    """Return the groups of each label, that of its first example; all of them together when there are no labels."""
    if not labels:
        return [groups]
    strata: dict[str, list[list[int]]] = {}
    for group in groups:
        strata.setdefault(labels[group[0]], []).append(group)
    return list(strata.values())


def shares(strata: list[list[list[int]]], wanted: int) -> list[int]:
    """Return how many examples of each label go to validation: its part, and one at least where there are enough.

    There are enough when the label has two groups, and when one of each does not make up more than is wanted.
    """
    sizes = [sum(map(len, groups)) for groups in strata]
    fraction = wanted / sum(sizes)
    exact = list(accumulate(size * fraction for size in sizes))
    parts = [round(now) - round(before) for before, now in zip([0.0, *exact], exact, strict=False)]
    if len(strata) <= wanted:
        parts = [max(part, 1) if len(groups) > 1 else part for part, groups in zip(parts, strata, strict=True)]
    return parts


def choose(strata: list[list[list[int]]], parts: list[int], rng: random.Random) -> set[int]:
    """Take whole groups of each label in a shuffled order while they fit into its part; never all of them.

    A label whose groups are all too large gives its smallest when nothing else can be had.
    """
    chosen: set[int] = set()
    for groups, part in zip(strata, parts, strict=True):
        order = list(groups)
        rng.shuffle(order)
        taken, left = 0, len(order)
        for group in order:
            if taken + len(group) <= part and left > 1:
                chosen.update(group)
                taken, left = taken + len(group), left - 1
        smallest = min(order, key=len)
        if part and not taken and left > 1 and len(smallest) <= 2 * part:
            chosen.update(smallest)
    return chosen
