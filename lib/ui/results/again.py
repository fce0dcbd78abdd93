"""A job's launch, changed in a few places -> a new draft of the Train page. Nothing is launched from here."""

from __future__ import annotations

from typing import Any

from lib import library
from lib.jobs.records import Job
from lib.ui import places
from lib.ui.train import form

FIELDS = {
    "epochs": "train_epochs",
    "batch_size": "train_batch",
    "learning_rate_multiplier": "train_rate",
    "beta": "train_beta",
    "suffix": "train_suffix",
    "seed": "train_seed",
}
"""Setting of a launch -> field of the form."""
LARGEST_SPLIT, STEP = 50, 5
"""What the form's slider of the validation split can hold, in percent."""


def draft(job: Job, changes: dict[str, Any]) -> str:
    """Store a draft that holds what the job was launched with, changed by `changes`, and return its id."""
    asked = job.settings | changes
    known = {field: asked[name] for name, field in FIELDS.items() if asked.get(name) not in (None, "auto")}
    percent = round(100 * asked.get("validation_fraction", 0.0) / STEP) * STEP
    chosen = {
        "train_version": job.version_id,
        "train_model": f"{job.connection}/{job.model}",
        "train_split": min(percent, LARGEST_SPLIT),
    }
    return library.new_draft(form.KIND, form.FIELDS | known | chosen)


def train(job: Job, changes: dict[str, Any]) -> None:
    """Go to the Train page with such a draft; to be called by a button."""
    places.go("train", draft=draft(job, changes))
