"""The next step follows from what exists."""

from __future__ import annotations

from dataclasses import replace

from lib.datasets.corrections import Corrections
from lib.datasets.recipe import Recipe
from lib.jobs.records import Job, Status
from lib.library import Draft, Version
from lib.ui.next_step import next_step

VERSION = Version(
    "v", "stories", 1, "a" * 64, 10, 400, "completion", Recipe(), Corrections(), "s.csv", "b" * 64, created_at=100.0
)
JOB = Job(
    id="j",
    name="stories v1",
    connection="engine",
    model="starter",
    version_id="v",
    dataset="stories v1",
    settings={},
    recipe=Recipe(),
    estimate={},
    status=Status.RUNNING,
    status_since=0.0,
    remote_id=None,
    tuned_model="ft:starter",
    hyperparameters={},
    trained_tokens=None,
    training_file=None,
    validation_file=None,
    result_sha256=None,
    error=None,
    problem=None,
    created_at=200.0,
    started_at=None,
    finished_at=None,
    estimated_finish=None,
    queue={},
    notes="",
    tags=[],
    owner="",
    project="",
    actual={},
    checked_at=None,
    retry_at=None,
    cancel_requested_at=None,
    wish=None,
    closed_at=None,
)
DRAFT = Draft("d", "data", {"sha256": "b" * 64, "name": "s.csv"}, updated_at=300.0)


def test_an_empty_house_starts_with_the_tour() -> None:
    assert next_step([], [], []).page == ""


def test_a_version_without_a_job_is_trained_on() -> None:
    step = next_step([VERSION], [], [])
    assert (step.page, step.params) == ("train", {"version": "v"})


def test_a_version_newer_than_every_job_is_trained_on() -> None:
    assert next_step([replace(VERSION, created_at=201.0)], [replace(JOB, status="succeeded")], []).page == "train"


def test_a_running_job_is_watched_before_anything_else() -> None:
    assert next_step([replace(VERSION, created_at=999.0)], [JOB], [DRAFT]).params == {"job": "j"}


def test_a_status_we_do_not_know_counts_as_running() -> None:
    assert next_step([VERSION], [replace(JOB, status="paused_for_review")], []).page == "jobs"


def test_a_finished_job_is_talked_to() -> None:
    assert next_step([VERSION], [replace(JOB, status=Status.SUCCEEDED)], []).params == {"model": "ft:starter"}


def test_a_failed_job_is_looked_at() -> None:
    assert next_step([VERSION], [replace(JOB, status=Status.FAILED)], []).params == {"job": "j"}


def test_a_draft_that_is_newest_is_gone_on_with() -> None:
    assert next_step([VERSION], [replace(JOB, status="succeeded")], [DRAFT]).params == {"draft": "d"}


def test_a_draft_that_became_a_version_is_done_with() -> None:
    saved = replace(DRAFT, state={**DRAFT.state, "saved": {"version": "v"}})
    assert next_step([VERSION], [], [saved]).page == "train"
