"""`inspect`: what a file is, how it was read, and what is wrong with it."""

from __future__ import annotations

import shlex
from argparse import Namespace
from pathlib import Path

from babel.numbers import format_decimal

from lib.cli import say
from lib.cli.answers import Answer, described, problems_of, refused, serious
from lib.cli.arguments import PROGRAM
from lib.cli.looking import COUNTED_WITH, counted_for, look
from lib.cli.reading import Opened, opened
from lib.datasets.errors import NoUsableColumns
from lib.errors import TuneboardError
from lib.i18n import _, locale
from lib.pricing.tokens import TokenModel
from lib.workbench.report import Report
from lib.workbench.targets import Target, find_target

LINES_SHOWN = 8


def run(chosen: Namespace) -> int:
    """Inspect a file; return the exit status."""
    target = None if chosen.no_tokens else find_target(chosen.model or COUNTED_WITH)
    model = counted_for(target) if target else None
    try:
        with opened(chosen, anyway=True) as file:
            answer = unusable(file) if file.unusable else examined(file, chosen, target, model)
    except TuneboardError as refusal:
        answer = refused(refusal)
        if not chosen.json:
            say.refuse(refusal)
    if chosen.json:
        say.answer(answer)
    elif answer["format"]:
        tell(answer)
    return status(answer)


def examined(file: Opened, chosen: Namespace, target: Target | None, model: TokenModel | None) -> Answer:
    """Return the answer about a file that gives examples."""
    report = look(file, chosen, model=model, limit=target.context if target and chosen.model else None)
    return described(file, report, problems_of(file, report), model)


def unusable(file: Opened) -> Answer:
    """Return the answer about a file that was read, but has nothing to learn from."""
    refusal = file.unusable or NoUsableColumns(file=file.path.name)
    report = Report(rows=file.source.rows, examples=0, dropped=0, columns=file.source.table.columns)
    return described(file, report, refused(refusal)["problems"], None) | {"kind": "unknown"}


def status(answer: Answer) -> int:
    """Return 0 for a dataset with hints at most, 2 for what can't be read, 1 for anything else."""
    if answer["format"] is None and answer["kind"] == "unknown":
        return 2
    return int(answer["kind"] != "dataset" or serious(answer["problems"]))


def tell(answer: Answer) -> None:
    """Print an answer for people."""
    tell_file(answer)
    tell_problems(answer["problems"])
    out = f"{Path(answer['file']).stem}_prepared.jsonl"
    say.line()
    say.line(_("Next: {command}", command=f"{PROGRAM} prepare {shlex.quote(answer['file'])} -o {shlex.quote(out)}"))


def tell_file(answer: Answer) -> None:
    """Print how a file was read and what it gives."""
    say.line(answer["file"], "bold")
    for sentence in (answer["described"], *answer["evidence"], *answer["notes"]):
        say.line(f"  {sentence}")
    for role, entry in answer["mapping"].items():
        columns = ", ".join(entry["columns"])
        guessed = _("guessed: {why}", why=entry["why"]) if entry["guessed"] else entry["why"]
        say.line(f"  {role} ← {columns}" + (f"  ({guessed})" if guessed else ""))
    told = {"n": number(answer["examples"]), "format": answer["example_format"]}
    say.line("  " + _("Examples: {n}, as {format}", **told))
    counted = answer["tokens"]
    if counted:
        by_role = ", ".join(f"{role} {number(n)}" for role, n in counted["roles"].items())
        told = {"n": number(counted["total"]), "roles": by_role, "model": counted["model"]}
        say.line("  " + _("Tokens: {n} ({roles}), counted for {model}", **told))


def tell_problems(problems: list[Answer]) -> None:
    """Print problems, each with its lines, why it matters and what to do."""
    if not problems:
        say.line()
        say.line(_("No problems found."), "green")
    for each in problems:
        say.line()
        say.line(f"{name_of(each['severity'])}: {each['message']}", say.COLOURS[each["severity"]])
        if each["lines"]:
            more = ", …" if each["count"] > LINES_SHOWN else ""
            lines = ", ".join(map(str, each["lines"][:LINES_SHOWN])) + more
            say.line("  " + _("Lines: {lines}", lines=lines))
        for sentence in (each["why"], each["fix"]):
            if sentence:
                say.line(f"  {sentence}")
        if "source" in each:
            say.line("  " + _("Read on {day} at {source}", day=each["read_on"], source=each["source"]))


def name_of(severity: str) -> str:
    """Return a severity as people read it."""
    return {"error": _("Error"), "warning": _("Warning"), "hint": _("Hint")}[severity]


def number(value: float) -> str:
    """Return a number as the reader's language writes it."""
    return format_decimal(value, locale=locale())
