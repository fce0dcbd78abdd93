"""A report as plain JSON and back, exactly: so that another process can make it and a page can read it later.

Long arrays of numbers are packed; everything else is readable.
"""

from __future__ import annotations

import base64
import zlib
from array import array
from collections import Counter
from collections.abc import Mapping
from typing import Any

from lib.datasets.recipe import Recipe
from lib.datasets.rules.base import Context, Finding, Found
from lib.datasets.table import Note, Origin
from lib.pricing.tokens import TokenCount
from lib.workbench.report import BrokenPlace, Report
from lib.workbench.traits import Traits


def to_json(report: Report) -> dict[str, Any]:
    """Return a record that `from_json` turns back into this report."""
    return {
        "rows": report.rows,
        "examples": report.examples,
        "dropped": report.dropped,
        "columns": report.columns,
        "broken": [[place.line, place.column, place.detail] for place in report.broken],
        "n_broken": report.n_broken,
        "skipped": [_finding(finding) for finding in report.skipped],
        "findings": [_finding(finding) for finding in report.findings],
        "tokens": _tokens(report.tokens) if report.tokens is not None else None,
        "traits": _traits(report.traits) if report.traits is not None else None,
        "share": report.share,
    }


def from_json(record: Mapping[str, Any]) -> Report:
    """Rebuild a report."""
    tokens, traits = record["tokens"], record["traits"]
    made = {
        "broken": [BrokenPlace(*place) for place in record["broken"]],
        "skipped": [_finding_from(finding) for finding in record["skipped"]],
        "findings": [_finding_from(finding) for finding in record["findings"]],
        "tokens": _tokens_from(tokens) if tokens is not None else None,
        "traits": _traits_from(traits) if traits is not None else None,
    }
    return Report(**{**record, **made})


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "severity": finding.severity,
        "title": _note(finding.title),
        "why": _note(finding.why),
        "todo": _note(finding.todo),
        "found": _found(finding.found),
        "fix": finding.fix,
        "count": finding.count,
    }


def _finding_from(record: Mapping[str, Any]) -> Finding:
    notes = {name: _note_from(record[name]) for name in ("title", "why", "todo")}
    return Finding(**{**record, **notes, "found": _found_from(record["found"])})


def _note(note: Note) -> dict[str, Any]:
    origin = [note.origin.line, note.origin.sheet] if note.origin else None
    return {"template": note.template, "values": note.values, "origin": origin}


def _note_from(record: Mapping[str, Any]) -> Note:
    origin = Origin(*record["origin"]) if record["origin"] else None
    return Note(record["template"], dict(record["values"]), origin)


def _found(found: Found) -> dict[str, Any]:
    return {"rows": _packed(found.rows), "lines": found.lines}


def _found_from(record: Mapping[str, Any]) -> Found:
    return Found(_unpacked("Q", record["rows"]), list(record["lines"]))


def _tokens(count: TokenCount) -> dict[str, Any]:
    return {
        "prompt": count.prompt,
        "completion": count.completion,
        "tools": count.tools,
        "frame": count.frame,
        "roles": dict(count.roles),
        "per_example": _packed(count.per_example),
        "tokenizer": count.tokenizer,
    }


def _tokens_from(record: Mapping[str, Any]) -> TokenCount:
    packed = {"roles": Counter(record["roles"]), "per_example": _unpacked("I", record["per_example"])}
    return TokenCount(**{**record, **packed})


def _traits(traits: Traits) -> dict[str, Any]:
    found = {trait: _found(found) for trait, found in traits.found.items()}
    return {"examples": traits.examples, "formats": traits.formats, "found": found}


def _traits_from(record: Mapping[str, Any]) -> Traits:
    traits = Traits(Context(Recipe()))
    traits.examples, traits.formats = record["examples"], dict(record["formats"])
    traits.found = {trait: _found_from(found) for trait, found in record["found"].items()}
    return traits


def _packed(numbers: array[int]) -> str:
    return base64.b64encode(zlib.compress(numbers.tobytes(), 1)).decode()


def _unpacked(kind: str, packed: str) -> array[int]:
    return array(kind, zlib.decompress(base64.b64decode(packed)))
