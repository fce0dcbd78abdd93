"""CSV and its kin: text with a delimiter -> records with their real line numbers.

The delimiter is the one that cuts most records into equally many cells. Cells stay text: `NA`, `null` and `001` are
what they are. Knows nothing of headers and columns.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from io import StringIO

from lib.datasets.errors import CellTooLong, UnclosedQuote
from lib.datasets.grid import Line, capped
from lib.datasets.table import Note, Origin
from lib.i18n import N_

DELIMITERS = [",", "\t", ";", "|"]
NO_DELIMITER = "\x1f"
"""Unit separator: what the reader is given for lines of prose, which hold none."""
MAX_CELL = 10_000_000
SAMPLE_CHARACTERS = 64 * 1024
SAMPLE_RECORDS = 200

csv.field_size_limit(MAX_CELL)


class BadRecord(ValueError):
    """A record that the reader refuses; `line` is where it starts."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line


@dataclass(frozen=True)
class Dialect:
    """How a file separates and quotes cells. No delimiter: each line is one cell."""

    delimiter: str
    escape: str | None = None
    spaced: bool = False
    """A space follows each delimiter, outside the quotation marks."""

    def records(self, text: str, *, strict: bool = False) -> Iterator[Line]:
        """Yield each record with the number of the line it starts on; raise `BadRecord`."""
        reader = csv.reader(
            StringIO(text, newline=""),
            delimiter=self.delimiter or NO_DELIMITER,
            quoting=csv.QUOTE_MINIMAL if self.delimiter else csv.QUOTE_NONE,
            escapechar=self.escape,
            skipinitialspace=self.spaced,
            strict=strict,
        )
        start = 1
        try:
            for cells in reader:
                yield start, cells
                start = reader.line_num + 1
        except csv.Error as problem:
            raise BadRecord(start, str(problem)) from problem


@dataclass(frozen=True)
class Delimited:
    """All records of a file, the dialect they were read in, and what was assumed."""

    lines: list[Line]
    dialect: Dialect
    evidence: list[Note] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


COMMON = N_("Cells are separated by “{delimiter}”.")
PROSE = N_("No separator cuts the lines into columns; each line is one cell.")
ESCAPED = N_("A backslash before a separator makes it part of the text; the file was read that way.")
LOOSE = N_("A quotation mark stands in the middle of a cell on line {line}; it was read as part of the text.")


def read_delimited(text: str, name: str, delimiter: str | None = None, *, tabs: bool = False) -> Delimited:
    """Split text into records. `delimiter` overrides what is detected; `tabs` says that the name promises tabs."""
    dialect = sniff(text, tabs=tabs) if delimiter is None else Dialect(delimiter, spaced=spaced(text, delimiter))
    notes = [Note(ESCAPED)] if dialect.escape else []
    shown = "TAB" if dialect.delimiter == "\t" else dialect.delimiter
    evidence = [Note(COMMON, {"delimiter": shown}) if shown else Note(PROSE)]
    try:
        return Delimited(list(capped(dialect.records(text, strict=True), name)), dialect, evidence, notes)
    except BadRecord as problem:
        lines = read_loosely(text, name, dialect, problem)
        loose = Note(LOOSE, {"line": problem.line}, Origin(problem.line))
        return Delimited(lines, dialect, evidence, [*notes, loose])


def read_loosely(text: str, name: str, dialect: Dialect, problem: BadRecord) -> list[Line]:
    """Read what a strict reader refuses: a quotation mark in the middle of a cell. Refuse what has no sane reading."""
    refuse_hopeless(name, problem)
    try:
        lines = list(capped(dialect.records(text), name))
        last = "".join(list(StringIO(text, newline=""))[lines[-1][0] - 1 :])
        list(dialect.records(last, strict=True))
    except BadRecord as again:
        refuse_hopeless(name, BadRecord(again.line if again.line > 1 else lines[-1][0], str(again)))
    return lines


def refuse_hopeless(name: str, problem: BadRecord) -> None:
    """Raise if a record has no end or no limit."""
    if "field larger" in str(problem):
        raise CellTooLong(file=name, line=problem.line, limit=MAX_CELL)
    if "unexpected end of data" in str(problem):
        raise UnclosedQuote(file=name, line=problem.line)


def sniff(text: str, *, tabs: bool = False) -> Dialect:
    """Return the dialect whose delimiter cuts the records most evenly; none when no delimiter does."""
    sample = first_lines(text)
    order = ["\t", *[d for d in DELIMITERS if d != "\t"]] if tabs else DELIMITERS
    dialects = [Dialect(d, spaced=spaced(sample, d)) for d in order]
    best = max(dialects, key=lambda dialect: evenness(sample, dialect))
    share, width = evenness(sample, best)
    if width < 2:
        one_column = set(widths(sample, dialects[0])) <= {1}
        return dialects[0] if one_column else Dialect("")
    escaped = replace(best, escape="\\")
    if share < 1 and f"\\{best.delimiter}" in text and evenness(sample, escaped)[0] > share:
        return escaped
    return best


def evenness(sample: str, dialect: Dialect) -> tuple[float, int]:
    """Return the share of records that are as wide as the header, or as most records are; and that width."""
    counts = widths(sample, dialect)
    if not counts:
        return 0.0, 0
    common, often = Counter(counts).most_common(1)[0]
    if common > 1 and often >= 0.8 * len(counts):
        return often / len(counts), common
    share = counts.count(counts[0]) / len(counts)
    return (share, counts[0]) if counts[0] > 1 and share >= 0.5 else (0.0, 1)


def widths(sample: str, dialect: Dialect) -> list[int]:
    """Return how many cells each record of a sample has; the last one of many may be cut off and is left aside."""
    found: list[int] = []
    try:
        for _line, cells in dialect.records(sample):
            found += [len(cells)] if cells else []
            if len(found) > SAMPLE_RECORDS:
                break
    except BadRecord:
        return []
    return found[:-1] if len(found) > 20 else found


def spaced(text: str, delimiter: str) -> bool:
    """Say whether the first line reads like `"a", "b"`: a space between delimiter and quotation mark."""
    first = text[:SAMPLE_CHARACTERS].split("\n", 1)[0]
    return bool(delimiter and re.match(rf'"[^"]*"{re.escape(delimiter)} +"', first))


def first_lines(text: str) -> str:
    """Return whole lines from the start of a text, or its start when a line is very long."""
    end = text.rfind("\n", 0, SAMPLE_CHARACTERS) + 1 if len(text) > SAMPLE_CHARACTERS else len(text)
    return text[: end or SAMPLE_CHARACTERS]
