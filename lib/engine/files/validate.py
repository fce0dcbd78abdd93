"""Checks a training or validation file, line by line: when it is uploaded, and before a job takes its place in line.

Promises that a file which passes has enough examples of one format, each with something to learn, and that a file
which fails says which lines, and OpenAI's code for it. Reads in a stream, a line at a time; knows nothing of jobs.

`python -m lib.engine.files.validate PATH PARAM MINIMUM MOST` prints the same verdict as JSON: see `check_anywhere`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lib.config import ROOT
from lib.datasets import jsonl
from lib.engine.files.example import NotAnExample, check_record
from lib.engine.files.lines import read_lines
from lib.engine.limits import DEFAULTS, MIB

MIN_EXAMPLES = 10
"""OpenAI's own least number of training examples."""
TOLD = 3
"""So many bad lines are told one by one, the others as a number."""
LARGE = 4 * MIB
"""A larger file is checked in a process of its own: here its seconds would hold up every answer."""
NICENESS = 5
ENOUGH = 1000
"""So many bad lines end the search for more."""
NOT_JSONL = "invalid_file_format"


class InvalidFile(Exception):
    """Why a file cannot be trained on, in the form that a job's `error` has."""

    def __init__(self, code: str, message: str, param: str) -> None:
        super().__init__(message)
        self.code, self.message, self.param = code, message, param

    def error(self) -> dict[str, Any]:
        """Return the job's error object."""
        return {"code": self.code, "message": self.message, "param": self.param}


def check_file(
    path: Path, param: str = "training_file", minimum: int = MIN_EXAMPLES, most: int = DEFAULTS.file_rows
) -> str:
    """Return the format of a good file, `chat`, `completion` or `preference`; raise `InvalidFile` for any other.

    An empty file is only good when `minimum` is 0; its format is "".
    """
    name = param.replace("_", " ").capitalize()
    seen: dict[str, int] = {}
    bad = _BadLines()
    count = 0
    for number, found in read_lines(path):
        count += 1
        if isinstance(found, jsonl.BrokenLine):
            bad.add(number, NOT_JSONL, f"column {found.column}: {found.detail}")
        else:
            try:
                seen.setdefault(check_record(found), number)
            except NotAnExample as problem:
                bad.add(number, f"invalid_{param}", str(problem))
        if len(seen) > 1:
            kinds = sorted(seen, key=lambda kind: seen[kind])
            why = f"it holds a {kinds[1]} example, and line {seen.pop(kinds[0])} a {kinds[0]} example: use one format"
            bad.add(number, f"invalid_{param}", why)
            break
        if bad.count >= ENOUGH:
            break
        if count > most:
            raise InvalidFile("invalid_n_examples", f"{name} has more than {most} examples, the most taken.", param)
    if bad.count:
        raise InvalidFile(bad.code, f"{name}: {bad.told()}", param)
    if count < minimum:
        message = f"{name} has {count} example(s), but must have at least {minimum} examples."
        raise InvalidFile("invalid_n_examples", message, param)
    return next(iter(seen), "")


def check_anywhere(
    path: Path, param: str = "training_file", minimum: int = MIN_EXAMPLES, most: int = DEFAULTS.file_rows
) -> str:
    """Do what `check_file` does; a large file is checked in a process of its own, which this thread waits for."""
    if path.stat().st_size <= LARGE:
        return check_file(path, param, minimum, most)
    command = [sys.executable, "-m", "lib.engine.files.validate", str(path), param, str(minimum), str(most)]
    verdict = json.loads(subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout)
    if "kind" not in verdict:
        raise InvalidFile(**verdict)
    return str(verdict["kind"])


def _main(path: str, param: str, minimum: str, most: str) -> None:
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    try:
        verdict = {"kind": check_file(Path(path), param, int(minimum), int(most))}
    except InvalidFile as problem:
        verdict = problem.error()
    sys.stdout.write(json.dumps(verdict))


@dataclass
class _BadLines:
    """What is wrong with a file: its first bad lines, and how many there are. The first gives the code."""

    count: int = 0
    code: str = ""
    first: list[str] = field(default_factory=list)

    def add(self, number: int, code: str, why: str) -> None:
        self.count += 1
        self.code = self.code or code
        if len(self.first) < TOLD:
            link = ", " if code == NOT_JSONL else ": "
            self.first.append(f"line {number}{link}{why}")

    def told(self) -> str:
        some = f"at least {self.count}" if self.count >= ENOUGH else str(self.count)
        more = f"; and {self.count - TOLD} more" if self.count > TOLD else ""
        lines = "" if self.count == 1 else f"{some} lines cannot be used: "
        text = f"{lines}{'; '.join(self.first)}{more}."
        if self.code != NOT_JSONL:
            return text
        return f"expected JSONL, one JSON object a line. {text[0].upper()}{text[1:]}"


if __name__ == "__main__":
    _main(*sys.argv[1:])
