"""What is said on the terminal or in a pipe. User data is shown as text: no markup, no control characters."""

from __future__ import annotations

import json
import os
import re
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.text import Text

from lib.cli.errors import Fault
from lib.errors import TuneboardError
from lib.i18n import _

UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Control characters, which could move the cursor or recolour the screen, and those that turn the reading direction."""
COLOURS = {"error": "bold red", "warning": "yellow", "hint": "cyan"}


def speak_utf8() -> None:
    """Let everything be written, whatever the locale; half a character is written as its number."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def console(*, error: bool = False) -> Console:
    """Return where people read: coloured and wrapped on a terminal, plain lines in a pipe."""
    stream = sys.stderr if error else sys.stdout
    return Console(file=stream, highlight=False, markup=False, emoji=False, soft_wrap=not stream.isatty())


def visible(text: str) -> str:
    """Return user data so that a terminal only shows it."""
    return UNSEEN.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def line(text: str = "", style: str = "") -> None:
    """Print a line."""
    console().print(Text(visible(text), style=style))


def aside(text: str, style: str = "") -> None:
    """Print a line beside the answer, to standard error."""
    console(error=True).print(Text(visible(text), style=style))


def answer(record: dict[str, Any]) -> None:
    """Print a JSON object."""
    sys.stdout.write(json.dumps(record, ensure_ascii=False, indent=2) + "\n")


def refuse(refusal: TuneboardError) -> None:
    """Print a refusal: what, why and what to do."""
    told = refusal.explain()
    aside(told.what, COLOURS["error"])
    for sentence in (told.why, told.todo):
        if sentence:
            aside(f"  {sentence}")


def fault_of(problem: Exception) -> Fault:
    """Return the refusal that stands for a fault of ours, with the place where it happened."""
    place = traceback.extract_tb(problem.__traceback__)[-1]
    return Fault(detail=f"{type(problem).__name__}: {problem} ({Path(place.filename).name}:{place.lineno})")


def code_of(refusal: TuneboardError) -> str:
    """Return the stable name of a refusal: its class in snake_case."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", type(refusal).__name__).lower()


def lines_of(refusal: TuneboardError) -> list[int]:
    """Return the line that a refusal names."""
    number = refusal.values.get("line")
    return [number] if isinstance(number, int) else []


def stopped() -> None:
    """Say that the user stopped it."""
    aside(_("Stopped. No half-written file was left behind."))


def hush() -> None:
    """Give up writing: nobody reads any more."""
    sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - open until the process ends


@contextmanager
def progress(label: str) -> Iterator[Callable[[float], None]]:
    """Show a bar on a terminal and nothing in a pipe; yields what takes the share done, 0 to 1.

    The bar is drawn when told of progress and never by a thread of its own: the workbench starts processes only from
    a process with one thread.
    """
    if not (sys.stderr.isatty() and sys.stdout.isatty()):
        yield lambda _share: None
        return
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console(error=True), transient=True, auto_refresh=False) as bar:
        task = bar.add_task(label, total=1.0)

        def show(share: float) -> None:
            bar.update(task, completed=share, refresh=True)

        yield show
