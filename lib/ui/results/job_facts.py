"""What the library knows of a job beside its metrics: its course, and its settings under the words of the form."""

from __future__ import annotations

from typing import Any

from lib.i18n import N_, _
from lib.jobs import course as log
from lib.jobs.records import Job
from lib.results.course import Checkpoint, Course
from lib.ui import format as fmt

WORDS = {
    "method": N_("Method"),
    "n_epochs": N_("Epochs"),
    "epochs": N_("Epochs"),
    "batch_size": N_("Batch size"),
    "learning_rate_multiplier": N_("Learning rate multiplier"),
    "beta": N_("Beta"),
    "validation_fraction": N_("Validation split"),
    "seed": N_("Seed"),
    "suffix": N_("Suffix"),
}


def course(job: Job) -> Course:
    """Return what is known of when and how far the job went."""
    epochs = job.hyperparameters.get("n_epochs", job.settings.get("epochs"))
    ended = job.started_at is not None and job.finished_at is not None
    return Course(
        epochs=float(epochs) if isinstance(epochs, int | float) else None,
        tokens=job.trained_tokens,
        seconds=(job.finished_at or 0.0) - (job.started_at or 0.0) if ended else None,
        times=log.moments(job.id),
        checkpoints=tuple(Checkpoint(step, model) for step, model in log.checkpoints(job.id)),
    )


def settings(job: Job) -> dict[str, Any]:
    """Return setting, in the reader's words -> value; what the service made of "auto" stands in its place."""
    asked = {name: value for name, value in job.settings.items() if name in WORDS}
    asked |= {name: value for name, value in job.hyperparameters.items() if value is not None}
    if "n_epochs" in asked:
        asked["epochs"] = asked.pop("n_epochs")
    known = {_("Base model"): job.model, _("Service"): job.connection, _("Dataset"): job.dataset}
    known |= {(_(WORDS[name]) if name in WORDS else name): value for name, value in asked.items()}
    return known | {_("Tokens trained"): fmt.number(job.trained_tokens) if job.trained_tokens else None}
