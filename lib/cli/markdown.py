"""The report of `prepare` in Markdown. User data is escaped: it can neither format the report nor link anywhere."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lib.cli.answers import Answer
from lib.cli.inspecting import name_of, number
from lib.cli.say import visible
from lib.datasets.rules.base import Finding
from lib.i18n import _

SPECIAL = re.compile(r"([\\`*_\[\]<>#|~&$@]|(?<=:)/(?=/)|(?<=www)\.|^[-+=]|(?<=^\d)[.)])", re.IGNORECASE)
"""Marks, and what makes a link of an address that stands in a text."""


def report(answer: Answer, accepted: list[Finding], written: list[str]) -> str:
    """Return the report of a file that was prepared.

    Args:
        answer: what `inspect` would say of the result.
        accepted: what the accepted fixes were for.
        written: sentences about the files that were written.
    """
    return "\n".join([*heading(answer, written), *fixes(accepted), *problems(answer["problems"])]) + "\n"


def heading(answer: Answer, written: list[str]) -> Iterator[str]:
    """Yield what was read and written."""
    yield f"# {escape(answer['file'])}\n"
    for sentence in (*answer["evidence"], *answer["notes"], *written):
        yield f"- {escape(sentence)}"
    yield f"\n| {_('Role')} | {_('Columns')} | {_('Why')} |\n|---|---|---|"
    for role, entry in answer["mapping"].items():
        yield f"| {escape(role)} | {escape(', '.join(entry['columns']))} | {escape(entry['why'])} |"
    counted = answer["tokens"]
    if counted:
        told = {"n": number(counted["total"]), "model": counted["model"], "longest": number(counted["longest"])}
        yield "\n" + escape(_("Tokens: {n} as {model} counts them, {longest} in the longest example.", **told))


def fixes(accepted: list[Finding]) -> Iterator[str]:
    """Yield the fixes that were applied, in order."""
    yield f"\n## {_('Fixes applied')}\n"
    for count, finding in enumerate(accepted, 1):
        offer = _("This was accepted: {offer}", offer=finding.todo.text())
        yield f"{count}. {escape(finding.title.text())} {escape(offer)}"
    if not accepted:
        yield _("None.")


def problems(found: list[Answer]) -> Iterator[str]:
    """Yield what is left: rows that gave no example, and what no fix was accepted for."""
    yield f"\n## {_('What is left')}\n"
    for each in found:
        lines = _("Lines: {lines}", lines=", ".join(map(str, each["lines"]))) if each["lines"] else ""
        told = " ".join(escape(part) for part in (each["message"], each["why"], each["fix"], lines) if part)
        yield f"- **{name_of(each['severity'])}** `{each['code']}`: {told}"
    if not found:
        yield _("Nothing.")


def escape(text: str) -> str:
    """Return user data on one line, with everything that Markdown or HTML would read as a mark escaped."""
    return SPECIAL.sub(r"\\\1", " ".join(visible(text).split()))
