"""Pausing and resuming over the wire, with a trainer that only pretends."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable

import openai
import pytest

from tests.engine.queue.test_queue import trainers
from tests.engine.support import Process, Running, eventually

Start = Callable[[], Process]
SLOWLY = "steps=1000 pause=0.02"


def state(job: object) -> str:
    return job.model_extra["tuneboard"]["state"]


def run_until_step(engine: Running, job_id: str, step: int) -> None:
    eventually(lambda: engine.steps(job_id), lambda steps: len(steps) >= step)


def test_a_paused_job_rests_and_goes_on_from_where_it_was(engine: Running) -> None:
    jobs = engine.client.fine_tuning.jobs
    job = engine.create("steps=8 pause=0.1")
    run_until_step(engine, job.id, 3)
    paused = jobs.pause(job.id)
    assert (paused.status, state(paused), paused.estimated_finish) == ("queued", "paused", None)
    eventually(lambda: trainers(engine.home, job.id), lambda found: not found)
    told = engine.steps(job.id)
    assert engine.wait(engine.create("steps=1").id).status == "succeeded"
    assert engine.steps(job.id) == told
    assert jobs.resume(job.id).status == "queued"
    done = engine.wait(job.id)
    assert (done.status, state(done)) == ("succeeded", "succeeded")
    assert engine.steps(job.id) == list(range(1, 9))
    messages = [event.message for event in engine.events(job.id)]
    assert "Fine-tuning job paused" in messages
    assert "Fine-tuning job resumed, moving job to queued state" in messages


def test_a_job_paused_before_its_turn_is_passed_over(engine: Running) -> None:
    jobs = engine.client.fine_tuning.jobs
    blocking = engine.create(SLOWLY)
    engine.wait(blocking.id, lambda job: job.status == "running")
    first, second = engine.create("steps=1"), engine.create("steps=1")
    jobs.pause(first.id)
    jobs.cancel(blocking.id)
    assert engine.wait(second.id).status == "succeeded"
    assert state(jobs.retrieve(first.id)) == "paused"
    assert jobs.resume(first.id).status == "queued"
    assert engine.wait(first.id).status == "succeeded"


def test_a_job_paused_as_soon_as_it_is_made_is_checked_but_not_trained(engine: Running) -> None:
    jobs = engine.client.fine_tuning.jobs
    job = engine.create("steps=1")
    assert jobs.pause(job.id).status == "queued"
    told = eventually(lambda: [e.message for e in engine.events(job.id)], lambda told: len(told) >= 4)
    assert "Files validated, moving job to queued state" in told
    assert engine.wait(engine.create("steps=1").id).status == "succeeded"
    assert engine.steps(job.id) == []
    jobs.resume(job.id)
    assert engine.wait(job.id).status == "succeeded"


def test_a_bad_file_fails_a_paused_job_all_the_same(engine: Running) -> None:
    file = engine.client.files.create(file=("a.jsonl", b'{"prompt": 1}\n' * 12), purpose="fine-tune")
    job = engine.client.fine_tuning.jobs.create(model="starter", training_file=file.id)
    with contextlib.suppress(openai.BadRequestError):  # unless the check was quicker
        engine.client.fine_tuning.jobs.pause(job.id)
    failed = engine.wait(job.id)
    assert (failed.status, state(failed)) == ("failed", "failed")


def test_a_paused_job_can_be_cancelled(engine: Running) -> None:
    jobs = engine.client.fine_tuning.jobs
    job = engine.create(SLOWLY)
    run_until_step(engine, job.id, 1)
    jobs.pause(job.id)
    cancelled = jobs.cancel(job.id)
    assert (cancelled.status, state(cancelled)) == ("cancelled", "cancelled")


def test_what_cannot_be_paused_or_resumed_is_refused_and_not_retried(engine: Running) -> None:
    jobs = engine.client.fine_tuning.jobs
    job = engine.create(SLOWLY)
    with pytest.raises(openai.BadRequestError, match="not paused") as refusal:
        jobs.resume(job.id)
    assert (refusal.value.code, refusal.value.param) == ("invalid_job_status", "fine_tuning_job_id")
    jobs.pause(job.id)
    with pytest.raises(openai.BadRequestError, match="already paused"):
        jobs.pause(job.id)
    jobs.cancel(job.id)
    for act in (jobs.pause, jobs.resume, jobs.cancel):
        with pytest.raises(openai.BadRequestError, match="already ended"):
            act(job.id)
        with pytest.raises(openai.NotFoundError):
            act("ftjob-none")


def test_a_repeated_request_acts_once(engine: Running) -> None:
    jobs = engine.client.fine_tuning.jobs
    job = engine.create(SLOWLY)

    def once(key: str) -> dict[str, dict[str, str]]:
        return {"extra_headers": {"Idempotency-Key": key}}

    paused = jobs.pause(job.id, **once("pause-1"))
    assert jobs.pause(job.id, **once("pause-1")) == paused
    jobs.resume(job.id, **once("resume-1"))
    assert jobs.pause(job.id, **once("pause-1")) == paused
    assert state(jobs.retrieve(job.id)) != "paused"
    cancelled = jobs.cancel(job.id, **once("cancel-1"))
    assert jobs.cancel(job.id, **once("cancel-1")) == cancelled


def test_a_paused_job_stays_paused_when_the_engine_is_killed_or_stopped(start: Start) -> None:
    engine: Process = start()
    job = engine.create("steps=8 pause=0.1")
    run_until_step(engine, job.id, 3)
    engine.client.fine_tuning.jobs.pause(job.id)
    engine.kill()
    engine = start()
    assert engine.wait(engine.create("steps=1").id).status == "succeeded"
    assert state(engine.client.fine_tuning.jobs.retrieve(job.id)) == "paused"
    engine.close()
    engine = start()
    engine.client.fine_tuning.jobs.resume(job.id)
    engine.kill()
    engine = start()
    assert engine.wait(job.id).status == "succeeded"
    assert engine.steps(job.id) == list(range(1, 9))


@pytest.mark.slow
def test_pausing_and_resuming_under_random_kills_loses_no_step(start: Start) -> None:
    """Kill the engine at once after each pause and resume, which is when the trainer is being stopped or started."""
    engine: Process = start()
    job = engine.create("steps=12 pause=0.1")
    for number in range(4):  # twice resumed: a third crash on the spot would give the job up
        jobs = engine.client.fine_tuning.jobs
        known = jobs.retrieve(job.id)
        if known.status == "succeeded":
            break
        (jobs.resume if state(known) == "paused" else jobs.pause)(job.id)
        if number % 2:
            eventually(lambda now=jobs: now.retrieve(job.id), lambda seen: seen.status != "validating_files")
        engine.kill()
        engine = start()
    if state(engine.client.fine_tuning.jobs.retrieve(job.id)) == "paused":
        engine.client.fine_tuning.jobs.resume(job.id)
    assert engine.wait(job.id).status == "succeeded"
    assert engine.steps(job.id) == list(range(1, 13))


def test_the_trainer_of_a_paused_job_is_given_what_auto_came_to(engine: Running) -> None:
    """The plan of a job must not change while it rests."""
    job = engine.create("steps=8 pause=0.1")
    run_until_step(engine, job.id, 3)
    engine.client.fine_tuning.jobs.pause(job.id)
    eventually(lambda: trainers(engine.home, job.id), lambda found: not found)
    engine.client.fine_tuning.jobs.resume(job.id)
    engine.wait(job.id)
    spec = json.loads((engine.home / "jobs" / job.id / "spec.json").read_text())
    assert spec["hyperparameters"]["n_epochs"] == 3
