"""A file as something to stream: its first rows as a table, and all of them in pieces that processes can share.

A UTF-8 JSON Lines file of objects is read where it lies, by ranges of bytes; any other file is read once into a spool
(`lib.datasets.files.spool`), which is named after its contents and read the same way. Rows are numbered from 0 in the
order of the file and keep their number whatever is left out; in a file read in place that is the line less one.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count, islice
from pathlib import Path
from typing import Any, BinaryIO, Literal, cast

import numpy as np

from lib.datasets import jsonl
from lib.datasets.errors import BrokenJson, TooManyRows
from lib.datasets.files.encoding import label
from lib.datasets.files.json_text import about_broken, is_object
from lib.datasets.files.readers import shown_name
from lib.datasets.files.reading import collect
from lib.datasets.files.recognise import refuse_other_files
from lib.datasets.files.records import Records, cell_of, read_records
from lib.datasets.files.spool import spool
from lib.datasets.files.spool_file import Spool, open_spool, read_row, table_of
from lib.datasets.shapes.mapping import shape_of
from lib.datasets.table import Cell, JsonValue, Note, Origin, Table
from lib.i18n import N_

HEAD_ROWS = 1000
HEAD_BYTES = 2 * 2**20
"""What is read at once to show a file: so many rows, or bytes if those are fewer."""
CHUNK_BYTES = 2**19
MAX_LINE = 64 * 2**20
"""Bytes of the longest line that is read; no example of any use comes near."""
MAX_LINES = 5_000_000
READ = 2**18
LINES_TRIED = 50
"""Lines at the start that tell whether a file is JSON Lines."""
GLANCES = 8
GLANCE = 2**16
"""Further on, so many places of so many bytes each tell whether a large file is UTF-8."""
SPOOL_FORMAT = 1
"""Part of a spool's name; raise it when what is written there changes."""

AS_THEY_ARE = (str, list, dict)
"""Kinds of JSON values that are cells already."""
TOO_LONG = f"the line is longer than {MAX_LINE // 2**20} MB"
IN_PLACE = N_("Read as {encoding}, one JSON object a line; a line that is none is named and left out.")


@dataclass(frozen=True)
class Source:
    """A file that was opened. `table` holds its first rows, with all that is known of how it was read."""

    table: Table
    path: Path
    """Where the rows are read from: the file itself, or its spool."""
    kind: Literal["objects", "cells"]
    """What a line holds: an object, or the cells of a row as a spool has them."""
    first: int
    """Byte at which the first row starts."""
    size: int
    rows: int
    """Rows there are; of a file read in place its lines, blank and broken ones included."""
    pieces: Sequence[Chunk] = ()
    """The file cut into chunks, where that was done to count its lines."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a source that starts and ends at line ends. Small, so that it can be handed to another process."""

    path: str
    start: int
    end: int
    row: int
    """Number of its first row."""
    columns: tuple[str, ...] | None
    """Names of the cells; None where lines hold objects."""


@dataclass(slots=True)
class SourceRow:
    """One row: its number, where it came from, and its cells by column. Not frozen: that makes it in a quarter of the
    time, and there are millions.
    """

    row: int
    origin: Origin
    fields: dict[str, Cell]


def open_source(  # noqa: PLR0913 - each is one thing a reader may be told
    path: Path,
    name: str,
    work: Path,
    *,
    encoding: str | None = None,
    delimiter: str | None = None,
    sheet: str | None = None,
    header: int | None = None,
    quote: str | None = None,
    stop: Callable[[], bool] | None = None,
) -> Source:
    """Open a file of any kind; `work` is a folder that spools are kept in, `stop` can end the making of one.

    Raises `DatasetError`.
    """
    path = path.resolve()
    if encoding in (None, "utf-8") and delimiter is None and is_json_lines(path):
        return in_place(path, shown_name(name))
    how: dict[str, Any] = {
        "encoding": encoding,
        "delimiter": delimiter,
        "sheet": sheet,
        "header": header,
        "quote": quote,
    }
    to = work / f"{fingerprint(path, name, how)}.spool"
    found = known_spool(to) or make_spool(path, name, to, how, stop)
    size = found.path.stat().st_size
    return Source(table_of(found, HEAD_ROWS), found.path, "cells", found.start, size, found.rows)


def chunks(source: Source, size: int = CHUNK_BYTES) -> list[Chunk]:
    """Cut a source into pieces of about `size` bytes; a line longer than that is a piece of its own."""
    if source.pieces and size == CHUNK_BYTES:
        return list(source.pieces)
    columns = tuple(source.table.columns) if source.kind == "cells" else None
    return cut(source.path, source.first, columns, size)[0]


def cut(path: Path, start: int, columns: tuple[str, ...] | None, size: int) -> tuple[list[Chunk], int]:
    """Return a file from a byte on in pieces, and how many lines it has, with the last one that has no end."""
    pieces: list[Chunk] = []
    row, end, lines, open_end = 0, start, 0, False
    with path.open("rb") as file:
        file.seek(start)
        while block := file.read(READ):
            last = block.rfind(b"\n") + 1
            if last:
                lines += int(np.count_nonzero(np.frombuffer(block, np.uint8) == ord("\n")))  # twice as fast as `count`
                if end + last - start >= size:
                    pieces.append(Chunk(str(path), start, end + last, row, columns))
                    start, row, lines = end + last, row + lines, 0
            end += len(block)
            open_end = last < len(block)
    if end > start:
        pieces.append(Chunk(str(path), start, end, row, columns))
    return pieces, row + lines + open_end


def read_chunk(chunk: Chunk) -> Iterator[SourceRow | jsonl.BrokenLine]:
    """Yield the rows of a piece in order, and a `BrokenLine` in place of each line that holds none."""
    with Path(chunk.path).open("rb") as file:
        file.seek(chunk.start)
        if chunk.end - chunk.start > MAX_LINE:
            yield from long_lines(file, chunk)
            return
        data = file.read(chunk.end - chunk.start)
    if chunk.columns is None:
        for found in jsonl.scan(data, chunk.row + 1):
            yield found if isinstance(found, jsonl.BrokenLine) else object_row(*found)
    else:
        for number, line in enumerate(data.removesuffix(b"\n").split(b"\n"), chunk.row):
            yield cells_row(number, line, chunk.columns)


def object_row(line: int, record: dict[str, JsonValue]) -> SourceRow:
    """Return the row of an object; what is null or missing is "", numbers are their JSON text."""
    for value in record.values():
        if value.__class__ not in AS_THEY_ARE:
            return SourceRow(line - 1, Origin(line), {key: cell_of(value) for key, value in record.items()})
    return SourceRow(line - 1, Origin(line), cast("dict[str, Cell]", record))


def cells_row(number: int, line: bytes, columns: tuple[str, ...]) -> SourceRow:
    """Return the row of a line of a spool."""
    origin, cells = read_row(line, len(columns))
    return SourceRow(number, origin, dict(zip(columns, cells, strict=True)))


def long_lines(file: BinaryIO, chunk: Chunk) -> Iterator[SourceRow | jsonl.BrokenLine]:
    """Read a piece line by line, and pass over a line that is too long without keeping it."""
    for number in count(chunk.row):
        if file.tell() >= chunk.end:
            return
        line = file.readline(MAX_LINE)
        if len(line) == MAX_LINE and not line.endswith(b"\n"):
            while (rest := file.readline(READ)) and not rest.endswith(b"\n"):
                pass
            yield jsonl.BrokenLine(number + 1, 1, TOO_LONG)
        elif chunk.columns is not None:
            yield cells_row(number, line, chunk.columns)
        elif not line.isspace():
            found = jsonl.parse_bytes(line.removesuffix(b"\n"), number + 1)
            yield found if isinstance(found, jsonl.BrokenLine) else object_row(*found)


def is_json_lines(path: Path) -> bool:
    """Say whether a file is UTF-8 with an object on most of its lines, and has more than one line.

    A small file with a byte that is not UTF-8 is left to the reader that can tell which character was meant.
    """
    head, whole = read_head(path)
    lines = [line for line in head.removeprefix(jsonl.BOM).split(b"\n", LINES_TRIED) if line and not line.isspace()]
    if len(lines) < 2 or not lines[0].lstrip().startswith((b"{", b"\xef\xbb\xbf{")):
        return False
    tried = lines[: LINES_TRIED if len(lines) > LINES_TRIED or not whole else len(lines)]
    tried = tried if whole or len(tried) == 1 else tried[:-1]
    objects = sum(is_utf8(line) and is_object(line.decode()) for line in tried)
    if objects * 2 <= len(tried):
        return False
    return is_utf8(head) if whole else all_over_utf8(path)


def read_head(path: Path) -> tuple[bytes, bool]:
    """Return the start of a file, with at least one whole line unless that is too long, and whether that is all."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
        while len(head) < MAX_LINE and b"\n" not in head and (more := file.read(HEAD_BYTES)):
            head += more
        return head, not file.read(1)


def is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def all_over_utf8(path: Path) -> bool:
    """Say whether most places of a large file are UTF-8; a single line that is not will be named."""
    size = path.stat().st_size
    with path.open("rb") as file:
        good = 0
        for place in range(GLANCES):
            file.seek(size * place // GLANCES)
            file.readline(MAX_LINE)
            good += is_utf8(file.read(GLANCE).rpartition(b"\n")[0])
    return good * 2 > GLANCES


def in_place(path: Path, name: str) -> Source:
    """Open a JSON Lines file where it lies."""
    head, whole = read_head(path)
    first = len(jsonl.BOM) if head.startswith(jsonl.BOM) else 0
    pieces, lines = cut(path, first, None, CHUNK_BYTES)
    if lines > MAX_LINES:
        raise TooManyRows(file=name, limit=MAX_LINES)
    table = head_table(head if whole else head[: head.rfind(b"\n") + 1], name)
    return Source(table, path, "objects", first, path.stat().st_size, lines, pieces)


def head_table(head: bytes, name: str) -> Table:
    """Return the first rows as a table."""
    found = list(islice(jsonl.scan(head), HEAD_ROWS))
    broken = [item for item in found if isinstance(item, jsonl.BrokenLine)]
    rows: list[tuple[int, JsonValue]] = [item for item in found if not isinstance(item, jsonl.BrokenLine)]
    if broken and not rows:
        raise BrokenJson(file=name, line=broken[0].line, column=broken[0].column, detail=broken[0].detail)
    grid = collect(read_records(Records(iter(rows), "jsonl"), name))
    refuse_other_files(grid.columns, grid.rows[0], name)
    evidence = [Note(IN_PLACE, {"encoding": label("utf-8")})]
    notes = [*about_broken(broken), *grid.notes]
    table = Table(
        grid.columns, grid.rows, grid.origins, name, "jsonl", encoding="utf-8", evidence=evidence, notes=notes
    )
    return replace(table, shape=shape_of(table))


def fingerprint(path: Path, name: str, how: dict[str, Any]) -> str:
    """Name what a file read in one way gives: the same for the same bytes, ending and settings."""
    with path.open("rb") as file:
        bytes_ = hashlib.file_digest(file, "sha256").hexdigest()
    told = json.dumps([SPOOL_FORMAT, bytes_, shown_name(name), how], ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()


def make_spool(path: Path, name: str, to: Path, how: dict[str, Any], stop: Callable[[], bool] | None) -> Spool:
    """Read a file into a spool that is there whole or not at all, whoever else makes it meanwhile."""
    to.parent.mkdir(parents=True, exist_ok=True)
    beside = to.with_name(f"{to.name}.{uuid.uuid4().hex}")
    spool(path, name, beside, **how, stop=stop)
    beside.replace(to)
    return open_spool(to)


def known_spool(path: Path) -> Spool | None:
    """Return a spool that was finished before, or None."""
    return open_spool(path) if path.exists() else None
