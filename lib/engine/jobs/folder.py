"""A job's folder: what its trainer is told, and the job's own hold on its files.

Promises that a trainer finds a whole spec, that no other trainer works in the folder, and that deleting an upload does
not stop a job that has begun.
"""

from __future__ import annotations

import json
from pathlib import Path

from lib.engine.files.folder import Folder, hold
from lib.engine.models.models import Model
from lib.engine.queue.trainer_process import EVENTS, clear_leftovers, cut_broken_end
from lib.engine.tables import JobRow


def lay_out(folder: Path, row: JobRow, model: Model, files: Folder) -> None:
    """Make the folder ready for a trainer, whether the job begins or goes on.

    Raises `FileNotFoundError` if one of its files was deleted before it first began.
    """
    folder.mkdir(parents=True, exist_ok=True)
    clear_leftovers(folder)
    cut_broken_end(folder / EVENTS)
    spec = {
        "job_id": row.id,
        "method": row.method,
        "base": model.spec(),
        "training_file": _own(folder, row.training_file, files),
        "validation_file": _own(folder, row.validation_file, files) if row.validation_file else None,
        "hyperparameters": row.hyperparameters,
        "seed": row.seed,
        "output": str(folder / "model"),
    }
    part = folder / "spec.json.part"
    part.write_text(json.dumps(spec, ensure_ascii=False), encoding="utf-8")
    part.replace(folder / "spec.json")


def _own(folder: Path, file_id: str, files: Folder) -> str:
    """Return the path of the job's own hold on a file."""
    own = folder / f"{file_id}.jsonl"
    try:
        hold(files.path(file_id), own)
    except FileNotFoundError:
        raise FileNotFoundError(f"the file '{file_id}' was deleted") from None
    return str(own)
