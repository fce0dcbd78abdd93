"""The final file: at once for a small one, in the background for a large one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from lib.i18n import _
from lib.ui.data import progress
from lib.ui.data.outcome import AT_ONCE
from lib.ui.data.work import Work
from lib.workbench import background
from lib.workbench.export import export, export_table
from lib.workbench.prepare import Prepared, prepare
from lib.workbench.targets import Target


@contextmanager
def whole(work: Work) -> Iterator[Prepared | None]:
    """Give the examples as a file for as long as the block runs; None, with its progress drawn, while it is written."""
    if work.source.size <= AT_ONCE:
        with TemporaryDirectory() as folder:
            yield _prepare(work, Path(folder))
        return
    spec = work.spec("prepare")
    found = background.state(spec.key)
    if isinstance(found, background.Done):
        yield found.prepared
        return
    progress.draw(spec, _("Writing the examples"))
    yield None


def for_target(work: Work, target: Target) -> bytes:
    """Return the file as a service wants it."""
    with TemporaryDirectory() as folder:
        made = _prepare(work, Path(folder))
        return export(made.path, target, Path(folder) / "out.jsonl").path.read_bytes()


def as_table(work: Work) -> bytes:
    """Return the examples as CSV for people; no cell of it runs as a formula in a spreadsheet."""
    with TemporaryDirectory() as folder:
        made = _prepare(work, Path(folder))
        return export_table(made.path, Path(folder) / "out.csv").path.read_bytes()


def _prepare(work: Work, folder: Path) -> Prepared:
    return prepare(
        work.source,
        work.recipe,
        folder / "made.jsonl",
        corrections=work.corrections,
        validation=work.validation,
        workers=1,
    )
