"""CSV and its kin: text with a delimiter -> records with their real line numbers.

A file is gone through once before its records are given out: so it is known whether it is well formed to its end, and
what it takes to read it. Knows nothing of headers and columns.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from io import StringIO
from math import inf

from lib.datasets.errors import CellTooLong, UnclosedQuote, UnreadableFile
from lib.datasets.files.dialect import MAX_CELL, SAMPLE_CHARACTERS, BadRecord, Dialect, Line, chosen, first_lines, sniff
from lib.datasets.files.encoding import Text
from lib.datasets.files.grid import capped
from lib.datasets.table import Note, Origin
from lib.i18n import N_


@dataclass(frozen=True)
class Delimited:
    """All records of a file, to be taken once, the dialect they are read in, and what was assumed."""

    lines: Iterator[Line]
    dialect: Dialect
    evidence: list[Note] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


COMMON = N_("Cells are separated by “{delimiter}”.")
QUOTED = N_("Cells are separated by “{delimiter}” and quoted with {quote}.")
UNQUOTED = N_("Cells are separated by “{delimiter}”; quotation marks are part of the text.")
PROSE = N_("No separator cuts the lines into columns; each line is one cell.")
ESCAPED = N_(
    "A backslash before a separator or a quotation mark makes it part of the text; the file was read that way."
)
LOOSE = N_("A quotation mark stands in the middle of a cell on line {line}. Look at how that cell was read.")
ONE_CHARACTER = N_("a separator is one character, and neither a quotation mark nor a line end")


def read_delimited(
    text: Text, name: str, delimiter: str | None = None, quote: str | None = None, *, tabs: bool = False
) -> Delimited:
    """Cut text into records. `delimiter` and `quote` override what is detected; `tabs` is what the name promises."""
    if delimiter is not None and (len(delimiter) != 1 or delimiter in "\"'\r\n"):
        raise UnreadableFile(file=name, detail=ONE_CHARACTER)
    sample = first_lines(text.head(SAMPLE_CHARACTERS + 1))
    found = sniff(sample, quote, tabs=tabs) if delimiter is None else chosen(sample, delimiter, quote)
    dialect = escaping(text, found)
    dialect, loose = checked(text, name, dialect, tabs=tabs)
    notes = [Note(ESCAPED)] if dialect.escape else []
    notes += [Note(LOOSE, {"line": loose}, Origin(loose))] if loose else []
    lines = capped(records(text, dialect, strict=not loose), name)
    return Delimited(lines, dialect, [about(dialect, sample)], notes)


def about(dialect: Dialect, sample: str) -> Note:
    """Return what is to be said of a dialect."""
    if not dialect.delimiter:
        return Note(PROSE)
    template = COMMON if dialect.quote and dialect.quote not in sample else QUOTED if dialect.quote else UNQUOTED
    shown = "TAB" if dialect.delimiter == "\t" else dialect.delimiter
    return Note(template, {"delimiter": shown, "quote": dialect.quote})


def records(text: Text, dialect: Dialect, *, strict: bool) -> Iterator[Line]:
    """Yield the records of a file."""
    with text.open() as lines:
        yield from dialect.records(lines, strict=strict)


def escaping(text: Text, dialect: Dialect) -> Dialect:
    """Return the dialect in which a backslash escapes, if the whole file has some and is more even that way."""
    if (
        dialect.escape
        or not (dialect.delimiter and dialect.quote)
        or not holds(text, (f"\\{dialect.delimiter}", f"\\{dialect.quote}"))
    ):
        return dialect
    escaped = replace(dialect, escape="\\")
    return escaped if odd_records(text, escaped) < odd_records(text, dialect) else dialect


def holds(text: Text, wanted: tuple[str, str]) -> bool:
    """Say whether any line holds one of two pairs of characters."""
    with text.open() as lines:
        return any(wanted[0] in line or wanted[1] in line for line in lines)


def odd_records(text: Text, dialect: Dialect) -> float:
    """Return how many records are not as wide as most are; without end when a strict reader refuses one."""
    try:
        widths = Counter(len(cells) for _line, cells in records(text, dialect, strict=True) if cells)
    except BadRecord:
        return inf
    return widths.total() - max(widths.values(), default=0)


def checked(text: Text, name: str, dialect: Dialect, *, tabs: bool) -> tuple[Dialect, int | None]:
    """Go through the whole file; return the dialect that reads all of it, and the line of a mark that is out of place.

    Raises `UnclosedQuote` and `CellTooLong` for what has no sane reading.
    """
    try:
        for _record in records(text, dialect, strict=True):
            pass
    except BadRecord as problem:
        plain = replace(dialect, quote="")
        if (tabs or dialect.delimiter == "\t") and unquoted(text, dialect):
            return plain, None
        refuse_hopeless(name, problem)
        check_loose(text, name, dialect)
        if unquoted(text, dialect):
            return plain, None
        return dialect, problem.line
    return dialect, None


def unquoted(text: Text, dialect: Dialect) -> bool:
    """Say whether quotation marks are nothing but text: every line is as wide as the others, and no cell has two."""
    plain = replace(dialect, quote="", escape=None)
    widths = set()
    try:
        for _line, cells in records(text, plain, strict=True):
            widths.add(len(cells) if cells else None)
            if any(cell.strip()[:1] == dialect.quote == cell.strip()[-1:] for cell in cells if len(cell) > 1):
                return False
    except BadRecord:
        return False
    return len(widths - {None}) == 1 and widths != {1}


def check_loose(text: Text, name: str, dialect: Dialect) -> None:
    """Raise if a file has no end to a cell when quotation marks may stand anywhere: its last record must be whole."""
    last = 1
    try:
        for line, _cells in records(text, dialect, strict=False):
            last = line
        with text.open() as lines:
            rest = "".join(line for number, line in enumerate(lines, start=1) if number >= last)
        for _record in dialect.records(StringIO(rest, newline=""), strict=True):
            pass
    except BadRecord as again:
        refuse_hopeless(name, BadRecord(again.line if again.line > 1 else last, str(again)))


def refuse_hopeless(name: str, problem: BadRecord) -> None:
    """Raise if a record has no end or no limit."""
    if "field larger" in str(problem):
        raise CellTooLong(file=name, line=problem.line, limit=MAX_CELL)
    if "unexpected end of data" in str(problem):
        raise UnclosedQuote(file=name, line=problem.line)
