"""A report's parts -> HTML. Every text is escaped by the template; the page's own policy forbids it to load or run."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from lib.results.report.drawing import Drawing

LONGEST = 4000
"""Characters of one text; a system prompt may be a book."""


@dataclass(frozen=True)
class Section:
    """A table of names and values, all plain text in the reader's language."""

    title: str
    rows: list[tuple[str, str]]


@dataclass(frozen=True)
class Advice:
    """What the coach says, and the numbers that show it."""

    what: str
    evidence: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Sample:
    """A question that was asked of the model, and its answer."""

    question: str
    answer: str


@dataclass(frozen=True)
class Words:
    """The page's own words, in the reader's language."""

    findings: str
    curves: str
    step: str
    samples: str
    marks: str
    """What dashed lines and diamonds on a chart mean."""


@dataclass(frozen=True)
class Report:
    """A report, ready to be laid out. `language` is an HTML tag such as `zh-CN`."""

    language: str
    title: str
    subtitle: str
    words: Words
    sections: list[Section]
    advice: list[Advice]
    drawings: list[Drawing]
    samples: list[Sample] = field(default_factory=list)


def render(report: Report) -> bytes:
    """Return the report as one HTML file in UTF-8."""
    return _template().render(report=report, words=report.words).encode("utf-8", "replace")


def cut(text: str) -> str:
    """Return a text no longer than `LONGEST`, with an ellipsis where it was cut."""
    return text if len(text) <= LONGEST else text[:LONGEST] + "…"


@lru_cache
def _template() -> Template:
    folder = FileSystemLoader(Path(__file__).parent)
    strict = Environment(
        loader=folder, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return strict.get_template("page.html")
