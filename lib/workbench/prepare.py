"""Write the final file: every example under a recipe, as JSON Lines in UTF-8 without a mark.

The file is there whole or not at all. A recipe run over what it wrote writes the same bytes again.
"""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from lib.datasets import jsonl
from lib.datasets.corrections import Corrections
from lib.datasets.recipe import Recipe
from lib.datasets.rules.base import Context
from lib.datasets.source import Chunk, Source, chunks
from lib.workbench.errors import ResultUnwritable
from lib.workbench.examples import Plan, Tally, examples_of
from lib.workbench.processes import default_workers, in_order
from lib.workbench.survey import Crew, settle


@dataclass(frozen=True)
class Prepared:
    """A file of examples that was written."""

    path: Path
    sha256: str
    size: int
    """Bytes."""
    rows: int
    examples: int
    dropped: int
    """Examples that fixes, and rows excluded by hand, took away."""
    skipped: int
    """Rows that give no example, lines that can't be read included."""


@dataclass(frozen=True)
class Write:
    """Write the examples of one piece. A callable that can go to other processes."""

    plan: Plan

    def __call__(self, chunk: Chunk) -> tuple[Tally, bytes]:
        """Return what became of the rows, and the lines."""
        tally = Tally()
        text = "".join([jsonl.line(record) for _row, _origin, record in examples_of(chunk, self.plan, tally)])
        return tally, text.encode()


def prepare(  # noqa: PLR0913 - each is one thing a caller may want
    source: Source,
    recipe: Recipe,
    out: Path,
    *,
    corrections: Corrections | None = None,
    validation: frozenset[int] = frozenset(),
    workers: int | None = None,
    progress: Callable[[float], None] = lambda _share: None,
    stop: Callable[[], bool] = lambda: False,
) -> Prepared:
    """Write the examples of a file to `out`, in its order; what `validation` holds hashes of may be left out.

    Raises:
        Stopped, WorkerDied, WorkerFailed: see `lib.workbench.processes`; `out` is as it was.
        ResultUnwritable: the disk is full or read-only.
    """
    pieces = chunks(source)
    crew = Crew(pieces, workers or default_workers(), stop, progress)
    plan = settle(crew, Plan(recipe, corrections or Corrections()), Context(recipe, validation=validation))
    tally, digest, size = Tally(), hashlib.sha256(), 0
    with whole_or_not_at_all(out) as file:
        for number, (part, data) in enumerate(in_order(Write(plan), pieces, workers=crew.workers, stop=stop), 1):
            tally.merge(part)
            digest.update(data)
            size += file.write(data)
            progress((crew.done + number / len(pieces)) / crew.looks)
    skipped = tally.n_broken + sum(len(skipped.found) for skipped in tally.skipped.values())
    return Prepared(out, digest.hexdigest(), size, tally.rows, tally.examples, tally.dropped, skipped)


@contextmanager
def whole_or_not_at_all(path: Path) -> Iterator[BinaryIO]:
    """Open a file beside its place; once all is on the disk it is moved there, after a failure it is removed."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f".{uuid.uuid4().hex}.part")
        try:
            with beside.open("xb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            beside.replace(path)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise ResultUnwritable(detail=error.strerror or str(error)) from error
