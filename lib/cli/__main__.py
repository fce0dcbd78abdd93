"""`python -m lib.cli`: parse the arguments, run the command, turn refusals into an exit status.

Start-up is quick because a command's modules are imported only when it runs.
"""

from __future__ import annotations

import locale
import signal
import sys
from argparse import Namespace
from importlib import import_module

from lib.cli.arguments import parser
from lib.config import settings
from lib.i18n import resolve_language_with

FINE, PROBLEMS, UNREADABLE, STOPPED = 0, 1, 2, 130
COMMANDS = {
    "inspect": "lib.cli.inspecting",
    "prepare": "lib.cli.preparing",
    "check": "lib.cli.checking",
    "estimate": "lib.cli.estimating",
}


def main(arguments: list[str] | None = None) -> int:
    """Run a command and return its exit status."""
    given = sys.argv[1:] if arguments is None else arguments
    tag = asked_language(given) or settings().language or terminal_language()
    resolve_language_with(lambda: tag)
    say = import_module("lib.cli.say")
    errors = import_module("lib.errors")
    say.speak_utf8()
    chosen = Namespace(command=next(filter(COMMANDS.__contains__, given), ""), json="--json" in given)
    try:
        chosen = parser().parse_args(given)
        return int(import_module(COMMANDS[chosen.command]).run(chosen))
    except errors.TuneboardError as refusal:
        refuse(refusal, chosen)
        return UNREADABLE
    except KeyboardInterrupt:
        say.stopped()
        return STOPPED
    except BrokenPipeError:  # whoever read our output has seen enough
        say.hush()
        return FINE
    except Exception as fault:  # noqa: BLE001 - said in one sentence with the place; a traceback helps no user
        refuse(say.fault_of(fault), chosen)
        return UNREADABLE


def refuse(refusal: Exception, chosen: Namespace) -> None:
    """Say why a command can't be done, in the way that was asked for."""
    say, answers = import_module("lib.cli.say"), import_module("lib.cli.answers")
    if getattr(chosen, "json", False):
        say.answer(answers.refused_by(refusal, chosen))
    else:
        say.refuse(refusal)


def stop_when_told() -> None:
    """Let a polite request to end (`kill`, a closed terminal) do what Ctrl-C does: clean up, and leave nothing half."""
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.default_int_handler)


def asked_language(given: list[str]) -> str:
    """Return the value of --lang; it is needed before the arguments are parsed, to explain them."""
    for before, argument in zip(["", *given], given, strict=False):
        if argument.startswith("--lang="):
            return argument.removeprefix("--lang=")
        if before == "--lang":
            return argument
    return ""


def terminal_language() -> str:
    """Return the language that the terminal is set to."""
    try:
        return locale.getlocale(locale.LC_CTYPE)[0] or ""
    except ValueError:  # a locale that Python does not know
        return ""


if __name__ == "__main__":
    stop_when_told()
    sys.exit(main())
