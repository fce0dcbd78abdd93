"""The JSON that commands answer with. Keys never change their names; what is not known is null or empty."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable, Iterator
from typing import Any

from lib.cli.reading import Opened
from lib.cli.say import code_of, lines_of
from lib.datasets.errors import JobListing, ResultFile
from lib.datasets.files import json_text
from lib.datasets.rules.base import Finding
from lib.datasets.shapes.formats import format_of
from lib.datasets.table import Note
from lib.errors import TuneboardError
from lib.i18n import _
from lib.pricing.tokens import TokenCount, TokenModel
from lib.workbench.report import Report

KINDS: dict[type[TuneboardError], str] = {ResultFile: "results", JobListing: "job_listing"}
PERCENTILES = (50, 90, 99)
ESTIMATED = ("epochs", "billed_tokens", "training_cost_usd", "minutes", "price_source", "price_date")
Answer = dict[str, Any]


def refused(refusal: TuneboardError) -> Answer:
    """Return the answer about a file that is no dataset, or that can't be read."""
    told = refusal.explain()
    problem = {"code": code_of(refusal), "severity": "error", "count": 1, "lines": lines_of(refusal)}
    return {
        "kind": KINDS.get(type(refusal), "unknown"),
        "format": None,
        "encoding": None,
        "dialect": None,
        "sheets": [],
        "rows": None,
        "columns": [],
        "mapping": {},
        "examples": 0,
        "problems": [{**problem, "message": told.what, "why": told.why, "fix": told.todo}],
        "tokens": None,
    }


def refused_by(refusal: TuneboardError, chosen: Namespace) -> Answer:
    """Return the answer of a command that can't be done, with the keys that its answers always have."""
    own: Answer = {}
    if chosen.command == "check":
        own = {"passed": False, "target": getattr(chosen, "target", None)}
    elif chosen.command == "estimate":
        own = {"model": getattr(chosen, "model", None), **dict.fromkeys(ESTIMATED)}
    return refused(refusal) | own


def described(opened: Opened, report: Report, problems: list[Answer], model: TokenModel | None) -> Answer:
    """Return the answer about a dataset."""
    table = opened.table
    data = format_of(table)
    return {
        "kind": "dataset",
        "file": str(opened.path),
        "format": table.format,
        "encoding": table.encoding or None,
        "dialect": {"delimiter": table.delimiter} if table.delimiter else None,
        "sheets": table.sheets,
        "sheet": table.sheet or None,
        "rows": report.rows + report.n_broken if opened.gathered is None else opened.gathered,
        "columns": report.columns if opened.gathered is None else table.columns,
        "mapping": mapping(opened),
        "data_format": data.code,
        "described": data.words.text(),
        "example_format": opened.recipe.format,
        "examples": report.examples,
        "problems": problems,
        "tokens": tokens(report.tokens, model) if report.tokens and model else None,
        "evidence": [note.text() for note in table.evidence],
        "notes": [note.text() for note in table.notes if note.template not in BROKEN],
    }


def mapping(opened: Opened) -> Answer:
    """Return role -> its column or columns, and whether that was guessed. Columns that are ignored are left out."""
    roles: dict[str, Answer] = {}
    for column, role in opened.recipe.roles.items():
        if role == "ignore":
            continue
        entry = roles.setdefault(str(role), {"column": column, "columns": [], "guessed": False, "why": ""})
        entry["columns"].append(column)
        if column not in opened.given:
            entry["guessed"] = entry["guessed"] or column in opened.guess.guessed
            entry["why"] = entry["why"] or opened.guess.reasons.get(column, Note("")).text()
    return roles


def tokens(count: TokenCount, model: TokenModel) -> Answer:
    """Return a count: in all, by role, and how long examples are."""
    return {
        "total": count.total,
        "prompt": count.prompt,
        "completion": count.completion,
        "tools": count.tools,
        "roles": dict(count.roles),
        "overhead": count.total - count.tools - sum(count.roles.values()),
        "longest": count.longest,
        **{f"p{part}": percentile(count, part) for part in PERCENTILES},
        "model": model.id,
        "tokenizer": model.tokenizer,
        "exact": model.exact,
    }


def percentile(count: TokenCount, part: int) -> int:
    """Return the length that `part` percent of the examples don't exceed."""
    lengths = sorted(count.per_example)
    return lengths[min(len(lengths) - 1, len(lengths) * part // 100)] if lengths else 0


BROKEN = frozenset({json_text.BROKEN, json_text.MORE_BROKEN})
"""Notes about lines that are told as problems instead."""


def problems_of(opened: Opened, report: Report) -> list[Answer]:
    """Return everything that is wrong, errors first."""
    found = [*report.skipped, *report.findings]
    order = {"error": 0, "warning": 1, "hint": 2}
    return [*broken(opened, report), *sorted(map(problem, found), key=lambda each: order[each["severity"]])]


def broken(opened: Opened, report: Report) -> list[Answer]:
    """Return one problem for all lines that can't be read, with the first places."""
    places = [{"line": p.line, "column": p.column, "detail": p.detail} for p in report.broken]
    count = report.n_broken
    if opened.source.kind == "cells":
        notes = opened.source.table.notes
        told = [note.values for note in notes if note.template == json_text.BROKEN]
        places = [{key: each[key] for key in ("line", "column", "detail")} for each in told]
        more = sum(int(note.values["n"]) for note in notes if note.template == json_text.MORE_BROKEN)
        count = len(places) + more
    if not places:
        return []
    first = places[0]
    return [
        {
            "code": "broken_lines",
            "severity": "error",
            "count": count,
            "lines": [place["line"] for place in places],
            "message": _("Lines that can't be read: {n}. Line {line}, column {column}: {detail}", n=count, **first),
            "why": _("They are left out; what they hold is not learnt."),
            "fix": _("Correct these places, or go on without them."),
            "places": places,
        }
    ]


def problem(finding: Finding) -> Answer:
    """Return a finding as a problem. `source` and `read_on` tell where a rule of a service was read."""
    values = finding.why.values
    return {
        "code": finding.code,
        "severity": finding.severity,
        "count": len(finding.found) if finding.count is None else finding.count,
        "lines": list(finding.found.lines),
        "message": finding.title.text(),
        "why": finding.why.text(),
        "fix": " ".join([finding.todo.text(), *accepting(finding)]),
        "fixable": finding.fix is not None,
        **{key: values[key] for key in ("source", "read_on") if key in values},
    }


def accepting(finding: Finding) -> Iterator[str]:
    """Yield how a fix is accepted, where there is one: neither `inspect` nor `check` changes anything."""
    if finding.fix is None:
        return
    if finding.severity == "hint":
        yield _("(prepare asks for it on a terminal)")
    else:
        yield _("(prepare --yes accepts it)")


def serious(problems: Iterable[Answer]) -> bool:
    """Say whether any problem is more than a hint."""
    return any(each["severity"] != "hint" for each in problems)
