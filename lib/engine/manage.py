"""The operator's commands: `python -m lib.engine keys|hooks add|list|remove`, beside a running engine or without one.

A key and a hook's secret are printed on stdout once, when they are made; the engine minds a change at once.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from sqlalchemy.orm import Session

from lib.config import settings
from lib.engine.door import keys
from lib.engine.door.projects import NAME
from lib.engine.errors import ApiError
from lib.engine.hooks import hooks
from lib.engine.limits import read_limits
from lib.engine.store import Store
from lib.engine.tables import DEFAULT_PROJECT

COMMANDS = ("keys", "hooks")
Act = Callable[[Session, argparse.Namespace], int]


def main(arguments: Sequence[str]) -> int:
    """Do one thing in one transaction; return the exit status."""
    given = _parser().parse_args(arguments)
    given.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    store = Store(given.home / "engine.db")
    act: Act = given.act
    try:
        with store.writing() as session:
            return act(session, given)
    except ApiError as refusal:
        sys.stderr.write(f"Refused: {refusal.message}\n")
        return 2
    finally:
        store.close()


def add_home(parser: argparse.ArgumentParser) -> None:
    """Let a command be told which engine it is about."""
    parser.add_argument(
        "--home", type=Path, default=settings().engine_home, help="folder of the engine's state (default: %(default)s)"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lib.engine")
    nouns = parser.add_subparsers(required=True)
    verbs = nouns.add_parser("keys", help="API keys, each for one project").add_subparsers(required=True)
    add = _verb(verbs.add_parser("add", help="make a key and print it, once"), _add_key)
    add.add_argument("project", type=_project, help="the project it acts for")
    add.add_argument("--name", default="", help="what it is for, to tell it from others")
    _verb(verbs.add_parser("list", help="list the keys"), _list_keys)
    _verb(verbs.add_parser("remove", help="take a key away, at once"), _remove_key).add_argument("id")
    verbs = nouns.add_parser("hooks", help="addresses told when jobs and batches end").add_subparsers(required=True)
    add = _verb(verbs.add_parser("add", help="add an address and print its signing secret, once"), _add_hook)
    add.add_argument("url")
    add.add_argument("--project", type=_project, default=DEFAULT_PROJECT, help="whose jobs (default: %(default)s)")
    add.add_argument("--name", default="", help="what it is for, to tell it from others")
    _verb(verbs.add_parser("list", help="list the addresses, and what could not be told"), _list_hooks)
    _verb(verbs.add_parser("remove", help="tell an address nothing more"), _remove_hook).add_argument("id")
    return parser


def _verb(parser: argparse.ArgumentParser, act: Act) -> argparse.ArgumentParser:
    add_home(parser)
    parser.set_defaults(act=act)
    return parser


def _project(text: str) -> str:
    if not NAME.fullmatch(text):
        raise argparse.ArgumentTypeError("a project is named with up to 64 letters, digits, '_', '.' or '-'")
    return text


def _add_key(session: Session, given: argparse.Namespace) -> int:
    row, key = keys.add_key(session, given.project, given.name)
    sys.stderr.write(f"Made {row.id} for project '{row.project}'. It is shown only now:\n")
    sys.stdout.write(key + "\n")
    return 0


def _list_keys(session: Session, _given: argparse.Namespace) -> int:
    _table((row.id, row.project, f"...{row.hint}", row.name) for row in keys.list_keys(session))
    return 0


def _remove_key(session: Session, given: argparse.Namespace) -> int:
    if not keys.remove_key(session, given.id):
        return _not_there(given.id)
    if not keys.list_keys(session):
        sys.stderr.write("No key is left: started anew on loopback and without --api-key, the engine lets anyone in.\n")
    return 0


def _add_hook(session: Session, given: argparse.Namespace) -> int:
    row = hooks.add_hook(session, given.project, given.url, read_limits(settings()), name=given.name)
    sys.stderr.write(f"Added {row.id} for project '{row.project}'. Its signing secret is shown only now:\n")
    sys.stdout.write(row.secret + "\n")
    return 0


def _list_hooks(session: Session, _given: argparse.Namespace) -> int:
    _table((row.id, row.project, row.url, hooks.state_of(session, row)) for row in hooks.list_hooks(session))
    return 0


def _remove_hook(session: Session, given: argparse.Namespace) -> int:
    return 0 if hooks.remove_hook(session, given.id) else _not_there(given.id)


def _table(rows: Iterable[tuple[str, ...]]) -> None:
    for row in rows:
        sys.stdout.write("\t".join(row) + "\n")


def _not_there(what: str) -> int:
    sys.stderr.write(f"There is no '{what}'.\n")
    return 1
