"""How a job ends: the result file, the tuned model and the measured speed, or the reason why there is none.

Promises that a job which says `succeeded` has its model and its result file, stored in the same transaction.
"""

from __future__ import annotations

import csv
import io
import signal
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from lib.engine.door.usage import folder_bytes
from lib.engine.files.files import RESULTS
from lib.engine.files.folder import Folder
from lib.engine.jobs.events import note
from lib.engine.jobs.progress import end, find_job, tuned_name
from lib.engine.models.bases import OVERHEAD_SECONDS, model_format, root_of
from lib.engine.store import Store
from lib.engine.tables import EventRow, FileRow, JobRow, ModelRow, SpeedRow, now

COLUMNS = {
    "step": "step",
    "train_loss": "train_loss",
    "train_accuracy": "train_mean_token_accuracy",
    "valid_loss": "valid_loss",
    "valid_mean_token_accuracy": "valid_mean_token_accuracy",
    "full_valid_loss": "full_valid_loss",
    "full_valid_mean_token_accuracy": "full_valid_mean_token_accuracy",
}
"""Columns of a result file, and the metric that fills each: the five that OpenAI documents, in its order, and the two
that its newer files add. WandbLogger and Azure's readers find theirs by name, and take numbers and blanks alone."""
DIGITS = 6
"""Significant digits of a number: what OpenAI writes of a loss, and enough to tell small ones apart."""
ENOUGH_SECONDS = 5.0
"""A shorter training tells more about starting than about speed."""


def succeed(store: Store, folder: Folder, job_id: str, model: Path) -> None:
    """End a job whose trainer is done: write its result file and publish its model."""
    with store.reading() as session:
        table = result_csv(session, job_id)
    stored = folder.save(io.BytesIO(table))
    published = False
    try:
        with store.writing() as session:
            row = find_job(session, job_id)
            if row.status == "running" and row.outcome:
                session.add(
                    FileRow(
                        id=stored.id,
                        project=row.project,
                        filename="step_metrics.csv",
                        purpose=RESULTS,
                        bytes=stored.size,
                    )
                )
                _publish(session, row, row.outcome, stored.id, model)
                published = True
    except BaseException:  # the commit itself may have failed
        folder.remove(stored.id)
        raise
    if not published:
        folder.remove(stored.id)


def _publish(session: Session, row: JobRow, outcome: dict[str, Any], result_file: str, model: Path) -> None:
    name = tuned_name(row)
    root = root_of(row.model)
    row.fine_tuned_model, row.result_file, row.trained_tokens = name, result_file, outcome["trained_tokens"]
    session.add(
        ModelRow(
            id=name,
            base=root,
            path=str(model),
            project=row.project,
            job_id=row.id,
            bytes=folder_bytes(model),
            format=model_format(model),
            parameters=row.parameters,
        )
    )
    _learn_speed(session, row, root, outcome)
    note(session, row.id, f"New fine-tuned model created: {name}")
    note(session, row.id, "The job has successfully completed")
    end(session, row, "succeeded")


def _learn_speed(session: Session, row: JobRow, root: str, outcome: dict[str, Any]) -> None:
    if outcome["seconds"] < ENOUGH_SECONDS:
        return
    known = session.get(SpeedRow, root)
    overhead = known.overhead_seconds if known else OVERHEAD_SECONDS
    if row.starts == 1 and row.started_at:  # a resumed job's clock ran while nothing did
        overhead = max(0.0, now() - row.started_at - outcome["seconds"])
    size = session.scalar(select(FileRow.bytes).where(FileRow.id == row.training_file))
    epochs = row.hyperparameters.get("n_epochs")
    density = known.tokens_per_byte if known else None
    if size and isinstance(epochs, int):
        density = outcome["trained_tokens"] / (size * epochs)
    speed = outcome["tokens_per_second"]
    session.merge(SpeedRow(base=root, tokens_per_second=speed, overhead_seconds=overhead, tokens_per_byte=density))


def result_csv(session: Session, job_id: str) -> bytes:
    """Return a job's metrics as the CSV that OpenAI's result files hold."""
    query = select(EventRow.data).where(EventRow.job_id == job_id, EventRow.type == "metrics").order_by(EventRow.seq)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for data in session.scalars(query):
        writer.writerow(_cell((data or {}).get(key)) for key in COLUMNS.values())
    return text.getvalue().encode()


def _cell(value: float | None) -> float | str:
    if value is None:
        return ""
    return value if isinstance(value, int) else float(f"{value:.{DIGITS}g}")


def reason_of_exit(code: int, last_words: str) -> dict[str, Any]:
    """Return the `error` of a job whose trainer ended without a word."""
    if code < 0:
        message = f"The training process was killed by signal {-code} ({_signal_name(-code)})."
        if -code == getattr(signal, "SIGKILL", None):
            message += " Often the machine ran out of memory: try a smaller batch size or a smaller base model."
        return {"code": "trainer_killed", "message": message, "param": None}
    message = f"The training process ended with exit code {code}." + (f" It said: {last_words}" if last_words else "")
    return {"code": "trainer_failed", "message": message, "param": None}


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return "unknown"
