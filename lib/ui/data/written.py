"""The final file, written on a click."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from lib.ui.data.work import Work
from lib.workbench.export import export
from lib.workbench.prepare import prepare
from lib.workbench.targets import Target


def for_target(work: Work, target: Target) -> bytes:
    """Return the file as a service wants it."""
    with TemporaryDirectory() as folder:
        made = prepare(work.source, work.recipe, Path(folder) / "made.jsonl", corrections=work.corrections, workers=1)
        return export(made.path, target, Path(folder) / "out.jsonl").path.read_bytes()
