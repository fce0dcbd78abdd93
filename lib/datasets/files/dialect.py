"""How a file of delimited text separates and quotes its cells.

The delimiter is the one that cuts most records into equally many cells. Cells stay text: `NA`, `null` and `001` are
what they are. Knows nothing of headers and columns.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from io import StringIO

Line = tuple[int, Sequence[str]]
"""Line or row number in the file, and the cells."""

DELIMITERS = [",", "\t", ";", "|"]
NO_DELIMITER = "\x1f"
"""Unit separator: what the reader is given for lines of prose, which hold none."""
MAX_CELL = 10_000_000
SAMPLE_RECORDS = 200
SAMPLE_CHARACTERS = 64 * 1024

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
    quote: str = '"'
    """The mark around cells; "" when quotation marks are text like any other."""
    escape: str | None = None
    spaced: bool = False
    """A space follows each delimiter, outside the quotation marks."""

    def records(self, text: Iterable[str], *, strict: bool = False) -> Iterator[Line]:
        """Yield each record with the number of the line it starts on; raise `BadRecord`. `text` gives lines."""
        reader = csv.reader(
            self.kept_backslashes(text) if self.escape else text,
            delimiter=self.delimiter or NO_DELIMITER,
            quoting=csv.QUOTE_MINIMAL if self.delimiter and self.quote else csv.QUOTE_NONE,
            quotechar=self.quote or '"',
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

    def kept_backslashes(self, text: Iterable[str]) -> Iterator[str]:
        """Double the backslashes that escape nothing, e.g. in `C:\\new`: the reader would drop them."""
        escaping = re.compile(rf"\\([{self.quote}\\{re.escape(self.delimiter)}])|\\")
        for line in text:
            yield escaping.sub(lambda found: found[0] if found[1] else "\\\\", line)


def chosen(sample: str, delimiter: str, quote: str | None) -> Dialect:
    """Return the dialect of a delimiter that somebody chose."""
    return finished(sample, Dialect(delimiter), quote)


def sniff(sample: str, quote: str | None = None, *, tabs: bool = False) -> Dialect:
    """Return the dialect whose delimiter cuts the records most evenly; none when no delimiter does.

    `quote` is the mark that somebody chose; `tabs` says that the name of the file promises tabs.
    """
    order = ["\t", *[d for d in DELIMITERS if d != "\t"]] if tabs else DELIMITERS
    dialects = [finished(sample, Dialect(d), quote) for d in order]
    best = max(dialects, key=lambda dialect: evenness(sample, dialect))
    if tabs and evenness(sample, best)[1] < 2 and "\t" in sample.partition("\n")[0]:
        return dialects[0]
    if evenness(sample, best)[1] < 2:
        one_column = set(widths(sample, dialects[0])) <= {1}
        return dialects[0] if one_column else Dialect("")
    return best


def finished(sample: str, dialect: Dialect, quote: str | None) -> Dialect:
    """Return a dialect with its marks around cells, the space between them, and what escapes them."""
    found = replace(dialect, quote=marks(sample, dialect.delimiter) if quote is None else quote)
    return with_escape(sample, replace(found, spaced=spaced(sample, found)))


def marks(sample: str, delimiter: str) -> str:
    """Return the single mark when nearly every line is made of cells like `'a','b'`, else the double one."""
    lines = [line for line in sample.splitlines()[:50] if line.strip()]
    wrapped = re.compile(rf" *'.*'( *{re.escape(delimiter)} *('.*'|[^'\"]*))+ *")
    single = sum(bool(wrapped.fullmatch(line)) for line in lines if f"'{delimiter}" in line.replace(" ", ""))
    return "'" if delimiter and single > 1 and single >= 0.8 * len(lines) else '"'


def with_escape(sample: str, dialect: Dialect) -> Dialect:
    """Return the dialect in which a backslash escapes, if records are more even that way."""
    escaped = replace(dialect, escape="\\")
    share = evenness(sample, dialect)[0]
    if dialect.delimiter and share < 1 and re.search(rf"\\[{dialect.quote}{re.escape(dialect.delimiter)}]", sample):
        return escaped if evenness(sample, escaped)[0] > share else dialect
    return dialect


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
        for _line, cells in dialect.records(StringIO(sample, newline="")):
            found += [len(cells)] if cells else []
            if len(found) > SAMPLE_RECORDS:
                break
    except BadRecord:
        return []
    return found[:-1] if len(found) > 20 else found


def spaced(text: str, dialect: Dialect) -> bool:
    """Say whether the first line reads like `"a", "b"`: a space between delimiter and quotation mark."""
    first = text[:SAMPLE_CHARACTERS].split("\n", 1)[0]
    mark, cut = dialect.quote, re.escape(dialect.delimiter)
    return bool(cut and mark and re.match(rf"{mark}[^{mark}]*{mark}{cut} +{mark}", first))


def first_lines(text: str) -> str:
    """Return whole lines from the start of a text, or its start when a line is very long."""
    end = text.rfind("\n", 0, SAMPLE_CHARACTERS) + 1 if len(text) > SAMPLE_CHARACTERS else len(text)
    return text[: end or SAMPLE_CHARACTERS]
