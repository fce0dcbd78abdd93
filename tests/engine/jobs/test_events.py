"""Events and checkpoints over the wire, driven by the SDK, with a trainer that only pretends."""

from __future__ import annotations

import shutil

import openai
import pytest

from tests.engine.support import Running


def test_events_tell_the_story_and_every_steps_metrics(engine: Running) -> None:
    job = engine.create("steps=3")
    engine.wait(job.id)
    events = engine.events(job.id)
    model = engine.client.fine_tuning.jobs.retrieve(job.id).fine_tuned_model
    assert [event.message for event in events] == [
        f"Created fine-tuning job: {job.id}",
        f"Validating training file: {job.training_file}",
        "Files validated, moving job to queued state",
        "Fine-tuning job started",
        "Step 1/3: training loss=4.00",
        "Step 2/3: training loss=2.00, validation loss=2.50",
        f"Checkpoint created at step 2 with Snapshot ID: {model}:ckpt-step-2",
        "Step 3/3: training loss=1.33",
        f"New fine-tuned model created: {model}",
        "The job has successfully completed",
    ]
    assert events[5].type == "metrics"
    assert events[5].data == {
        "step": 2,
        "total_steps": 3,
        "train_loss": 2.0,
        "valid_loss": 2.5,
        "full_valid_loss": None,
        "train_mean_token_accuracy": 0.5,
        "valid_mean_token_accuracy": 0.5,
        "full_valid_mean_token_accuracy": None,
    }


def test_events_and_checkpoints_are_paged_newest_first(engine: Running) -> None:
    job = engine.create("steps=6")
    engine.wait(job.id)
    jobs = engine.client.fine_tuning.jobs
    page = jobs.list_events(job.id, limit=3)
    assert page.data[0].message == "The job has successfully completed"
    assert page.has_more
    assert len(list(jobs.list_events(job.id, limit=3))) == len(engine.events(job.id))
    checkpoints = jobs.checkpoints.list(job.id, limit=2)
    assert [c.step_number for c in checkpoints.data] == [6, 4]
    assert checkpoints.data[0].metrics.train_loss == pytest.approx(4 / 6)
    assert [c.step_number for c in checkpoints] == [6, 4, 2]


def test_a_loss_that_is_no_number_is_told_as_not_measured(engine: Running) -> None:
    """JSON has no NaN: one on the wire would cost a client the whole page."""
    job = engine.create("steps=3 nan_at=2")
    engine.wait(job.id)
    losses = [event.data["train_loss"] for event in engine.events(job.id) if event.type == "metrics"]
    assert losses == [4.0, None, pytest.approx(4 / 3)]
    (checkpoint,) = engine.client.fine_tuning.jobs.checkpoints.list(job.id).data
    assert (checkpoint.metrics.train_loss, checkpoint.metrics.valid_loss) == (None, 2.5)


def test_every_listed_checkpoint_can_be_asked_and_one_that_is_gone_is_not_listed(engine: Running) -> None:
    job = engine.create("steps=4")
    engine.wait(job.id)
    checkpoints = engine.client.fine_tuning.jobs.checkpoints.list(job.id).data
    for checkpoint in checkpoints:
        answer = engine.client.completions.create(model=checkpoint.fine_tuned_model_checkpoint, prompt="good day")
        assert answer.choices[0].text
    shutil.rmtree(engine.home / "jobs" / job.id / "checkpoints" / "step-2")
    left = engine.client.fine_tuning.jobs.checkpoints.list(job.id).data
    assert [each.step_number for each in left] == [4]
    with pytest.raises(openai.NotFoundError, match="ckpt-step-2"):
        engine.client.completions.create(model=checkpoints[1].fine_tuned_model_checkpoint, prompt="x")


def test_a_page_begins_only_after_an_event_of_the_same_job(engine: Running) -> None:
    one, other = (engine.wait(engine.create("steps=1").id) for _ in range(2))
    foreign = engine.events(other.id)[0].id
    with pytest.raises(openai.BadRequestError, match="after"):
        engine.client.fine_tuning.jobs.list_events(one.id, after=foreign)
