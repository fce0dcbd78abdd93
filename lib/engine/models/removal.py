"""Taking tuned models and checkpoints away, and what an ended job leaves on the disk that nobody will need again.

Promises that nothing goes which a waiting or running job, or another model, stands on; and that rows go before bytes,
so that a crash in between leaves bytes that nobody names, which the next start finds.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from sqlalchemy import ColumnElement, delete, or_, select
from sqlalchemy.orm import Session

from lib.engine.errors import ApiError, invalid, no_model
from lib.engine.jobs.progress import ACTIVE
from lib.engine.models.bases import adapts
from lib.engine.store import Store
from lib.engine.tables import CheckpointRow, JobRow, ModelRow, PermissionRow

CHECKPOINTS = "checkpoints"
STATE = "state.pt"
"""What the trainer needs to go on, in the newest checkpoint's folder; larger than the weights."""


def remove_model(store: Store, name: str, project: str) -> Path:
    """Delete the row of a project's tuned model or checkpoint; return the folder that nobody names any more."""
    with store.writing() as session:
        row = _find(session, name, project)
        if row is None:
            raise no_model(name)
        if (job := session.scalar(select(JobRow).where(JobRow.status.in_(ACTIVE), _needs(row, name)))) is not None:
            which = f"job '{job.id}'" if job.project == project else "a job of another project"
            raise _in_use(f"The model '{name}' is needed by {which}, which has not ended. Cancel it first.")
        if (child := _standing_on(session, Path(row.path))) is not None:
            raise _in_use(f"The model '{child}' is an adapter on '{name}'. Delete that one first.")
        session.delete(row)
        session.execute(delete(PermissionRow).where(PermissionRow.model == name))
        return Path(row.path)


def _find(session: Session, name: str, project: str) -> ModelRow | CheckpointRow | None:
    model = session.scalar(select(ModelRow).where(ModelRow.id == name, ModelRow.project == project))
    own = select(CheckpointRow).join(JobRow, JobRow.id == CheckpointRow.job_id).where(JobRow.project == project)
    return model or session.scalar(own.where(CheckpointRow.model == name))


def _needs(row: ModelRow | CheckpointRow, name: str) -> ColumnElement[bool]:
    """Tell which jobs need a model: those that start from it, and the one that may go on from this checkpoint."""
    return or_(JobRow.model == name, JobRow.id == row.job_id)


def _standing_on(session: Session, folder: Path) -> str | None:
    """Return the id of a model whose adapter needs the weights in `folder`."""
    models = session.execute(select(ModelRow.id, ModelRow.path)).all()
    checkpoints = session.execute(select(CheckpointRow.model, CheckpointRow.path)).all()
    return next((name for name, path in [*models, *checkpoints] if adapts(Path(path)) == folder), None)


def _in_use(message: str) -> ApiError:
    return invalid(message, "model", "model_in_use")


def clear_job(store: Store, folder: Path) -> None:
    """Remove from the folder of an ended job all that only its trainer needed, or all there is if no model is left.

    The folder's name is the job's id. One whose job has not ended is left alone.
    """
    with store.reading() as session:
        job = session.scalar(select(JobRow).where(JobRow.id == folder.name))
        if job is None or job.status in ACTIVE or not folder.is_dir():
            return
        kept = set(session.scalars(select(ModelRow.path).where(ModelRow.job_id == job.id)))
        kept |= set(session.scalars(select(CheckpointRow.path).where(CheckpointRow.job_id == job.id)))
    if job.status == "succeeded" and not kept:
        shutil.rmtree(folder, ignore_errors=True)
        return
    for file_id in (job.training_file, job.validation_file):
        (folder / f"{file_id}.jsonl").unlink(missing_ok=True)
    for path in [*folder.iterdir(), *(folder / CHECKPOINTS).glob("*")]:
        if str(path) in kept:
            (path / STATE).unlink(missing_ok=True)
        elif path.is_dir() and path.name != CHECKPOINTS:
            shutil.rmtree(path, ignore_errors=True)


def job_folders(home: Path) -> list[Path]:
    """Return the folders of all jobs that have one."""
    return [path for path in home.iterdir() if path.is_dir()] if home.is_dir() else []


def job_folder(model_folder: Path) -> Path:
    """Return the folder of the job that made a model: that of the model itself, or of its checkpoints."""
    above = model_folder.parent
    return above.parent if above.name == CHECKPOINTS else above
