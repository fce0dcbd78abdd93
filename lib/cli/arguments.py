"""The commands and their options, with help that shows how to use them."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import NoReturn

from lib.cli.errors import BadUsage
from lib.i18n import LANGUAGES, _

FORMATS = ("completion", "chat", "preference", "reinforcement")
PROGRAM = "python -m lib.cli"


class Parser(argparse.ArgumentParser):
    """A parser that leaves it to the caller how a refusal is told."""

    def error(self, message: str) -> NoReturn:
        """Raise `BadUsage`."""
        raise BadUsage(detail=message, usage=self.format_usage().strip())


def parser() -> Parser:
    """Return the parser of all commands."""
    top = Parser(
        prog=PROGRAM,
        description=_("From any file to a fine-tuning dataset, without a browser."),
        epilog=examples(
            f"{PROGRAM} inspect stories.csv",
            f"{PROGRAM} prepare stories.csv -o stories.jsonl --yes",
            f"{PROGRAM} check stories.jsonl --target openai:gpt-4.1-mini-2025-04-14",
            f"{PROGRAM} estimate stories.jsonl --model engine:starter",
            ending=_("Exit status: 0 fine, 1 problems found, 2 the file can't be read or the command can't be done."),
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="inspect | prepare | check | estimate")
    add_inspect(commands)
    add_prepare(commands)
    add_check(commands)
    add_estimate(commands)
    return top


Commands = argparse._SubParsersAction


def add_inspect(commands: Commands[Parser]) -> None:
    """Add `inspect`."""
    command = add(
        commands,
        "inspect",
        _("Say what a file is, how it was read, and what is wrong with it."),
        f"{PROGRAM} inspect stories.csv",
        f"{PROGRAM} inspect export.csv --encoding gb18030 --delimiter ';' --json",
        f"{PROGRAM} inspect train.jsonl --validation valid.jsonl --json | jq .problems",
    )
    command.add_argument("--model", default="", metavar="SERVICE:MODEL", help=_("Whose tokens are counted."))
    command.add_argument("--no-tokens", action="store_true", help=_("Count no tokens, which is faster."))


def add_prepare(commands: Commands[Parser]) -> None:
    """Add `prepare`."""
    command = add(
        commands,
        "prepare",
        _("Write a dataset as JSON Lines: asks fix by fix on a terminal, makes only what is necessary in a pipe."),
        f"{PROGRAM} prepare stories.csv -o stories.jsonl",
        f"{PROGRAM} prepare train.csv -o train.jsonl --yes --save-recipe recipe.json --report report.md",
        f"{PROGRAM} prepare more.csv -o more.jsonl --recipe recipe.json",
        f"{PROGRAM} prepare talks.jsonl -o azure.jsonl --target azure:gpt-4.1-mini-2025-04-14",
    )
    out = _("File to write: .jsonl, or .csv for people.")
    command.add_argument("-o", "--output", type=Path, required=True, metavar="OUT.jsonl", help=out)
    command.add_argument(
        "--yes", action="store_true", help=_("Accept every fix that is offered for an error or warning.")
    )
    command.add_argument("--save-recipe", type=Path, metavar="R.json", help=_("Write what was accepted to a file."))
    command.add_argument("--target", default="", metavar="SERVICE:MODEL", help=_("Write it as this service wants it."))
    command.add_argument("--report", type=Path, metavar="R.md", help=_("Write a report in Markdown."))
    command.add_argument("--force", action="store_true", help=_("Replace files that are there already."))
    formulas = _("In a .csv, leave cells that a spreadsheet would run as formulas as they are.")
    command.add_argument("--keep-formulas", action="store_true", help=formulas)


def add_check(commands: Commands[Parser]) -> None:
    """Add `check`."""
    command = add(
        commands,
        "check",
        _("Say whether a service takes a file, with the rule, the lines and the fix. Exit status 0 says it does."),
        f"{PROGRAM} check train.jsonl --target openai:gpt-4.1-mini-2025-04-14",
        f"{PROGRAM} check train.jsonl --target engine:starter --json",
        f"{PROGRAM} check pairs.jsonl --target trl:dpo",
    )
    command.add_argument("--target", required=True, metavar="SERVICE:MODEL", help=_("Who is to take it."))


def add_estimate(commands: Commands[Parser]) -> None:
    """Add `estimate`."""
    command = add(
        commands,
        "estimate",
        _("Say what training on a file costs in dollars, or takes in minutes."),
        f"{PROGRAM} estimate train.jsonl --model openai:gpt-4.1-mini-2025-04-14",
        f"{PROGRAM} estimate train.jsonl --model engine:starter --epochs 5 --json",
        f"{PROGRAM} estimate stories.csv --model davinci",
    )
    command.add_argument("--model", required=True, metavar="SERVICE:MODEL", help=_("What is trained."))
    command.add_argument("--epochs", type=positive, metavar="N", help=_("How often every example is read."))


def add(commands: Commands[Parser], name: str, description: str, *shown: str) -> Parser:
    """Add a command with what all of them have: the file and how it is read."""
    command = commands.add_parser(
        name,
        help=description,
        description=description,
        epilog=examples(*shown),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    kinds = _("CSV, TSV, XLSX, XLS, JSON, JSONL, YAML or TXT; .gz and .zip of one of them.")
    command.add_argument("file", type=Path, metavar="FILE", help=kinds)
    if name != "prepare":
        command.add_argument("--json", action="store_true", help=_("Answer in JSON."))
    command.add_argument("--lang", choices=(*LANGUAGES, "zh"), help=_("Language of the answer."))
    reading = command.add_argument_group(_("How the file is read (what is not given is detected)"))
    reading.add_argument("--encoding", metavar="NAME", help=_("e.g. utf-8, gb18030, big5, shift_jis, latin-1"))
    reading.add_argument("--delimiter", type=delimiter, metavar="C", help=_("What stands between cells: , ; | or tab"))
    reading.add_argument("--sheet", metavar="NAME", help=_("Sheet of a workbook."))
    reading.add_argument(
        "--header", action=argparse.BooleanOptionalAction, default=None, help=_("The first row holds names.")
    )
    making = command.add_argument_group(_("How rows become examples (what is not given is guessed)"))
    making.add_argument("--format", choices=FORMATS, help=_("Format of the examples."))
    role = _("What a column is for, e.g. --role question=prompt. May be given several times.")
    making.add_argument("--role", action="append", default=[], type=role_of, metavar="COLUMN=ROLE", help=role)
    making.add_argument("--recipe", type=Path, metavar="R.json", help=_("A recipe that was saved before."))
    making.add_argument("--validation", type=Path, metavar="FILE", help=_("Validation file, to find leaks."))
    return command


def examples(*commands: str, ending: str = "") -> str:
    """Return the end of a help text."""
    lines = "\n".join(f"  {command}" for command in commands)
    text = f"{_('Examples')}:\n{lines}"
    return f"{text}\n\n{ending}" if ending else text


def positive(text: str) -> int:
    """Return a whole number above 0."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(_("must be a whole number of at least 1"))
    return int(text)


def delimiter(text: str) -> str:
    """Return a delimiter; words are taken for those that are hard to type."""
    return {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|"}.get(text.lower(), text)


def role_of(text: str) -> tuple[str, str]:
    """Return column and role of COLUMN=ROLE."""
    column, equals, role = text.rpartition("=")
    if not equals or not column:
        raise argparse.ArgumentTypeError(_("must be COLUMN=ROLE"))
    return column, role
