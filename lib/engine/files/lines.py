"""JSON Lines of any size, read a line at a time.

Promises an object or a `BrokenLine` for each line that is not blank, and no more memory than the longest line takes,
whatever the bytes are.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from lib.datasets import jsonl
from lib.engine.limits import MIB

LONGEST_LINE = 16 * MIB
"""More than any context of a model can hold; what bounds the memory of a check."""


def read_lines(path: Path) -> Iterator[tuple[int, dict[str, Any] | jsonl.BrokenLine]]:
    """Yield (line number, its object or what is wrong with it) for each line that is not blank."""
    with path.open("rb") as file:
        number = 0
        while line := file.readline(LONGEST_LINE + 1):
            number += 1
            if len(line) > LONGEST_LINE:
                _skip_line(file)
                yield number, jsonl.BrokenLine(number, LONGEST_LINE, f"longer than {LONGEST_LINE // MIB} MiB")
                continue
            raw = line.removeprefix(jsonl.BOM).rstrip(b"\n") if number == 1 else line.rstrip(b"\n")
            value = jsonl.at_a_glance(raw)
            if value.__class__ is dict:
                yield number, value
            elif raw and not raw.isspace():
                found = jsonl.parse_bytes(raw, number)
                yield number, found if isinstance(found, jsonl.BrokenLine) else found[1]


def _skip_line(file: BinaryIO) -> None:
    while (piece := file.readline(MIB)) and not piece.endswith(b"\n"):
        pass
