"""What to do next, worked out from what exists. Pure: it draws nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from lib.i18n import _
from lib.jobs.records import Job, Status
from lib.library import Draft, Version


@dataclass(frozen=True)
class Step:
    """A sentence (plain text), the words on its button and the page it leads to; no page means: start the tour."""

    sentence: str
    action: str
    icon: str
    page: str = ""
    params: dict[str, str] = field(default_factory=dict)


def next_step(versions: Sequence[Version], jobs: Sequence[Job], drafts: Sequence[Draft]) -> Step:
    """Return the one step that leads on. All lists come newest first.

    What runs is watched before anything else is begun; what is newest is carried on with.
    """
    live = next((job for job in jobs if job.live), None)
    if live:
        return _watch(live)
    version, job = next(iter(versions), None), next(iter(jobs), None)
    begun = next((draft for draft in drafts if draft.state.get("name") and not draft.state.get("saved")), None)
    if begun and begun.updated_at > max((thing.created_at for thing in (version, job) if thing), default=0):
        return _prepare(begun)
    if version and (job is None or version.created_at > job.created_at):
        return _train(version)
    if job:
        return _talk(job) if job.status == Status.SUCCEEDED else _look(job)
    return _tour()


def _tour() -> Step:
    sentence = _("Nothing here yet. Take the tour with a sample, or bring a spreadsheet of your own.")
    return Step(sentence, _("Start the tour"), ":material/play_arrow:")


def _prepare(draft: Draft) -> Step:
    sentence = _("{file} is not a dataset version yet. Go on preparing it.", file=draft.state["name"])
    return Step(sentence, _("Go on preparing"), ":material/edit:", "data", {"draft": draft.id})


def _train(version: Version) -> Step:
    sentence = _("{version} is ready. Train a model on it.", version=version.label)
    return Step(sentence, _("Train a model"), ":material/model_training:", "train", {"version": version.id})


def _watch(job: Job) -> Step:
    sentence = _("{job} is under way. Watch it learn.", job=job.name)
    return Step(sentence, _("Watch it"), ":material/monitoring:", "jobs", {"job": job.id})


def _talk(job: Job) -> Step:
    sentence = _("{job} has finished. Talk to the model.", job=job.name)
    return Step(sentence, _("Talk to it"), ":material/forum:", "playground", {"model": job.tuned_model or ""})


def _look(job: Job) -> Step:
    sentence = _("{job} ended without a model. See why.", job=job.name)
    return Step(sentence, _("See why"), ":material/search:", "jobs", {"job": job.id})
