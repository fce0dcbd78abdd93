"""XLSX and XLS -> rows of text with their row numbers in the sheet.

The file is checked before it is parsed, and parsed in a process of its own. Knows nothing of columns.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lib.datasets import workbook_child
from lib.datasets.errors import BrokenWorkbook, EmptyFile, NoSuchSheet, WorkbookTooHeavy
from lib.datasets.grid import Line
from lib.datasets.workbook_guard import check_workbook

TIME_LIMIT = 60
"""Seconds that parsing may take; a sheet of 100,000 rows takes about one."""


@dataclass(frozen=True)
class Sheet:
    """The rows of one sheet, and the names of all sheets of its workbook."""

    lines: list[Line]
    name: str
    names: list[str]


def read_workbook(data: bytes, name: str, sheet: str | None = None) -> Sheet:
    """Read a sheet by name, or the first one that holds something."""
    if data.startswith(b"PK"):
        check_workbook(data, name)
    answer = parse(data, name, sheet or "")
    names: list[str] = answer["sheets"]
    if answer["sheet"] is None:
        raise NoSuchSheet(file=name, sheet=sheet, sheets=", ".join(names))
    if not answer["rows"]:
        raise EmptyFile(file=name)
    lines = [(number, [""] * answer["left"] + row) for number, row in enumerate(answer["rows"], answer["first_row"])]
    return Sheet(lines, answer["sheet"], names)


def parse(data: bytes, name: str, sheet: str) -> dict[str, Any]:
    """Run the parser in its own process and return what it found."""
    command = [sys.executable, "-I", str(Path(workbook_child.__file__)), sheet]
    try:
        done = subprocess.run(command, input=data, capture_output=True, timeout=TIME_LIMIT, check=True)
        answer: dict[str, Any] = json.loads(done.stdout)
    except (subprocess.TimeoutExpired, subprocess.CalledProcessError, json.JSONDecodeError) as problem:
        raise WorkbookTooHeavy(file=name) from problem
    if answer.get("error") == workbook_child.TOO_HEAVY:
        raise WorkbookTooHeavy(file=name)
    if "error" in answer:
        raise BrokenWorkbook(file=name, detail=answer["error"])
    return answer
