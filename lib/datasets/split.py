"""Examples -> a training part and a validation part.

Deterministic by seed. Examples with the same prompt stay on one side, so that validation never asks what training
has answered. Knows nothing of files.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from typing import Any

Record = dict[str, Any]


def split(records: Sequence[Record], fraction: float, seed: int) -> tuple[list[Record], list[Record]]:
    """Return (train, valid), both in their old order, with about `fraction` of the records in valid.

    With a fraction above 0 each side gets at least one record, unless all records ask the same thing.
    """
    groups: dict[str, list[int]] = {}
    for index, record in enumerate(records):
        groups.setdefault(question(record), []).append(index)
    if fraction <= 0 or len(groups) < 2:
        return list(records), []
    chosen = choose(list(groups.values()), round(len(records) * fraction), seed)
    train = [record for index, record in enumerate(records) if index not in chosen]
    return train, [record for index, record in enumerate(records) if index in chosen]


def choose(groups: list[list[int]], wanted: int, seed: int) -> set[int]:
    """Take whole groups in a seeded order while they fit into `wanted`; at least one, never all."""
    order = list(groups)
    random.Random(seed).shuffle(order)  # noqa: S311 - a shuffle, not a secret
    smallest, *_rest = sorted(order, key=len)
    chosen: list[list[int]] = []
    for group in order:
        if sum(map(len, chosen)) + len(group) <= wanted and len(chosen) < len(groups) - 1:
            chosen.append(group)
    return {index for group in chosen or [smallest] for index in group}


def question(record: Record) -> str:
    """Return what an example asks: its prompt, or its messages up to the last answer."""
    if "messages" in record:
        return json.dumps(record["messages"][:-1], ensure_ascii=False, sort_keys=True)
    return str(record.get("prompt", ""))
