"""What the end of a trainer means for its job: done, failed, or to be taken up again."""

from __future__ import annotations

import signal
from pathlib import Path

from lib.engine.files.folder import Folder
from lib.engine.jobs import progress, results
from lib.engine.queue.trainer_process import last_words
from lib.engine.store import Store

POLITE_STOP = (128 + signal.SIGTERM, -signal.SIGTERM)
"""Exit codes of a trainer that was asked to stop. If it was not us, the machine is being shut down."""


def conclude(store: Store, files: Folder, folder: Path, code: int, others: frozenset[str]) -> bool:
    """End the job of a folder whose trainer has ended with an exit code; return whether there is a new model.

    `others` are the jobs that still have a trainer. A job that was cancelled or paused meanwhile stays as it is.
    """
    job_id = folder.name
    with store.reading() as session:
        row = progress.find_job(session, job_id)
    outcome = row.outcome or {}
    if row.status != "running":
        return False
    if outcome.get("kind") == "done" and (folder / "model").is_dir():
        results.succeed(store, files, job_id, folder / "model")
        return True
    if outcome.get("kind") == "error":
        error = {key: outcome.get(key) for key in ("code", "message", "param")}
        progress.fail(store, job_id, error)
    elif code in POLITE_STOP:
        progress.requeue(store, "The training process was asked to stop.", crashed=True, ours=others)
    elif code < 0:  # killed, perhaps by a machine short of memory: it may go better next time, but not for ever
        error = results.reason_of_exit(code, last_words(folder))
        progress.requeue(store, error["message"], crashed=True, ours=others, code=error["code"])
    else:
        progress.fail(store, job_id, results.reason_of_exit(code, last_words(folder)))
    return False
