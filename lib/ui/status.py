"""What a job's status is called, how it looks, and what it means. A word we do not know is shown as it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lib.i18n import N_, _
from lib.jobs.records import Status
from lib.ui.text import escape

Color = Literal["gray", "blue", "green", "orange", "red", "violet"]


@dataclass(frozen=True)
class Look:
    """A status on screen. `meaning` is one sentence; both texts are marked, not yet translated."""

    label: str
    meaning: str
    icon: str
    color: Color


LOOKS: dict[str, Look] = {
    Status.WAITING: Look(N_("Waiting"), N_("The launch is recorded and starts in a moment."), "schedule", "gray"),
    Status.UPLOADING: Look(N_("Uploading"), N_("The examples are being sent to the service."), "upload", "blue"),
    Status.CREATING: Look(N_("Creating"), N_("The service is asked to start the job."), "pending", "blue"),
    Status.CONFIRMING: Look(
        N_("Confirming"),
        N_("An answer was lost. The job is looked up before anything is sent again."),
        "search",
        "orange",
    ),
    Status.VALIDATING: Look(N_("Checking files"), N_("The service checks the examples."), "fact_check", "blue"),
    Status.QUEUED: Look(N_("Queued"), N_("The job waits for its turn."), "hourglass_empty", "gray"),
    Status.RUNNING: Look(N_("In training"), N_("The model is learning."), "model_training", "blue"),
    Status.PAUSING: Look(N_("Pausing"), N_("The job stops at its next checkpoint."), "pause", "orange"),
    Status.PAUSED: Look(N_("Paused"), N_("The job can go on from its checkpoint."), "pause_circle", "orange"),
    Status.SUCCEEDED: Look(N_("Succeeded"), N_("The tuned model is ready."), "check_circle", "green"),
    Status.FAILED: Look(N_("Failed"), N_("The job ended without a model."), "error", "red"),
    Status.CANCELLED: Look(N_("Cancelled"), N_("The job was stopped on request."), "cancel", "gray"),
    Status.VANISHED: Look(
        N_("Not found"), N_("The service no longer knows this job. Its record is kept here."), "help", "red"
    ),
}


def label(status: str) -> str:
    """Return the status as plain text in the reader's language."""
    return _(LOOKS[status].label) if status in LOOKS else status


def badge(status: str) -> str:
    """Return the status as a Markdown badge."""
    look = LOOKS.get(status)
    if look is None:
        return f":violet-badge[:material/help: {escape(status)}]"
    return f":{look.color}-badge[:material/{look.icon}: {_(look.label)}]"


def meaning(status: str) -> str:
    """Return one sentence that says what the status means."""
    return (
        _(LOOKS[status].meaning) if status in LOOKS else _("The service uses a word of its own. It is still watched.")
    )
