"""The queue: order, cancelling, and trainers that come to a bad end."""

from __future__ import annotations

import itertools
import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import openai
import psutil
import pytest

from lib.engine.app import Engine
from lib.engine.jobs import progress
from lib.engine.limits import Limits
from lib.engine.queue.devices import Device
from lib.engine.store import Store
from lib.engine.tables import JobRow
from tests.engine.support import KEY, TRAINER, WORKER, Running, eventually, run_here, training_data

GPUS = [Device(f"GPU {i}", environment={"CUDA_VISIBLE_DEVICES": f"uuid-{i}"}) for i in range(3)]


def trainers(home: Path, job_id: str) -> list[psutil.Process]:
    """Return the trainer processes that work for a job."""
    folder = str(home / "jobs" / job_id)
    return [p for p in psutil.process_iter(["cmdline"]) if folder in (p.info["cmdline"] or [])]


def test_jobs_run_one_at_a_time_in_the_order_they_came(engine: Running) -> None:
    jobs = [engine.create("steps=3 pause=0.1").id for _ in range(3)]
    seen = set()
    while not seen or any(status in ("queued", "running", "validating_files") for status in seen):
        seen = {engine.client.fine_tuning.jobs.retrieve(job).status for job in jobs}
        running = [job for job in jobs if engine.client.fine_tuning.jobs.retrieve(job).status == "running"]
        assert len(running) <= 1
    starts = [next(e for e in engine.events(job) if e.message == "Fine-tuning job started") for job in jobs]
    ends = [engine.events(job)[-1] for job in jobs]
    assert [e.created_at for e in starts] == sorted(e.created_at for e in starts)
    assert all(end.message == "The job has successfully completed" for end in ends)
    assert all(end.created_at <= start.created_at for end, start in zip(ends, starts[1:], strict=False))


def test_a_waiting_job_is_cancelled_at_once_and_never_starts(engine: Running) -> None:
    first = engine.create("steps=100 pause=0.05")
    waiting = engine.create("steps=2")
    engine.wait(waiting.id, lambda job: job.status == "queued")
    assert engine.client.fine_tuning.jobs.cancel(waiting.id).status == "cancelled"
    assert engine.client.fine_tuning.jobs.cancel(first.id).status == "cancelled"
    after = engine.create("steps=1")
    assert engine.wait(after.id).status == "succeeded"
    assert engine.client.fine_tuning.jobs.retrieve(waiting.id).status == "cancelled"
    assert engine.steps(waiting.id) == []
    assert not (engine.home / "jobs" / waiting.id).exists()


def test_cancelling_a_running_job_ends_its_trainer_and_keeps_what_it_told(engine: Running) -> None:
    job = engine.create("steps=1000 pause=0.02")
    eventually(lambda: engine.steps(job.id), lambda steps: len(steps) >= 4)
    cancelled = engine.client.fine_tuning.jobs.cancel(job.id)
    assert cancelled.status == "cancelled"
    assert cancelled.finished_at
    eventually(lambda: trainers(engine.home, job.id), lambda found: not found)
    told = engine.steps(job.id)
    assert len(told) >= 4
    assert engine.wait(engine.create("steps=1").id).status == "succeeded"
    final = engine.client.fine_tuning.jobs.retrieve(job.id)
    assert (final.status, final.fine_tuned_model, final.result_files) == ("cancelled", None, [])
    assert engine.steps(job.id) == told


@pytest.mark.slow
def test_a_trainer_that_will_not_listen_is_killed(engine: Running) -> None:
    job = engine.create("steps=1000 pause=0.02 stubborn=1")
    eventually(lambda: engine.steps(job.id), bool)
    engine.client.fine_tuning.jobs.cancel(job.id)
    eventually(lambda: trainers(engine.home, job.id), lambda found: not found)
    assert engine.wait(engine.create("steps=1").id).status == "succeeded"


def test_a_job_that_has_ended_cannot_be_cancelled(engine: Running) -> None:
    job = engine.create("steps=1")
    engine.wait(job.id)
    with pytest.raises(openai.BadRequestError, match="succeeded"):
        engine.client.fine_tuning.jobs.cancel(job.id)


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX")
def test_a_killed_trainer_goes_on_from_its_checkpoint(engine: Running) -> None:
    job = engine.create("steps=8 pause=0.1")
    eventually(lambda: engine.steps(job.id), lambda steps: len(steps) >= 3)
    eventually(lambda: trainers(engine.home, job.id), bool)[0].send_signal(signal.SIGKILL)
    assert engine.wait(job.id).status == "succeeded"
    assert engine.steps(job.id) == list(range(1, 9))


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX")
def test_a_trainer_that_is_killed_again_and_again_fails_its_job_with_the_signal_and_the_next_one_runs(
    engine: Running,
) -> None:
    job = engine.create("steps=4 kill_at=1")
    following = engine.create("steps=1")
    failed = engine.wait(job.id)
    assert failed.status == "failed"
    assert failed.error.code == "trainer_killed"
    assert "signal 9 (SIGKILL)" in failed.error.message
    assert engine.wait(following.id).status == "succeeded"


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX")
def test_a_trainer_that_was_politely_stopped_by_another_goes_on_from_its_checkpoint(engine: Running) -> None:
    job = engine.create("steps=8 pause=0.1")
    eventually(lambda: engine.steps(job.id), lambda steps: len(steps) >= 3)
    eventually(lambda: trainers(engine.home, job.id), bool)[0].terminate()
    assert engine.wait(job.id).status == "succeeded"
    assert engine.steps(job.id) == list(range(1, 9))
    assert "Fine-tuning job resumed" in [event.message for event in engine.events(job.id)]


def test_a_trainer_that_crashes_leaves_its_last_words(engine: Running) -> None:
    failed = engine.wait(engine.create("steps=3 exit_at=2 exit=3").id)
    assert failed.error.code == "trainer_failed"
    assert "exit code 3" in failed.error.message
    assert "the disk of the trainer is on fire" in failed.error.message


def test_the_trainers_own_reason_is_passed_on(engine: Running) -> None:
    failed = engine.wait(engine.create("steps=1 error=1").id)
    assert (failed.error.code, failed.error.message, failed.error.param) == ("out_of_memory", "Too big.", None)


def test_a_file_deleted_too_early_fails_the_job_with_a_sentence(engine: Running) -> None:
    blocking = engine.create("steps=100 pause=0.05")
    engine.wait(blocking.id, lambda job: job.status == "running")
    job = engine.create("steps=1")
    engine.wait(job.id, lambda job: job.status == "queued")
    engine.client.files.delete(job.training_file)
    engine.client.fine_tuning.jobs.cancel(blocking.id)
    failed = engine.wait(job.id)
    assert failed.status == "failed"
    assert "deleted" in failed.error.message


def test_a_trainer_gets_no_keys_and_steps_back_for_others(engine: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNEBOARD_ENGINE_API_KEY", "sk-secret")
    job = engine.create("steps=1000 pause=0.02")
    eventually(lambda: engine.steps(job.id), bool)
    (trainer,) = trainers(engine.home, job.id)
    assert "sk-secret" not in trainer.environ().values()
    assert trainer.environ()["OMP_WAIT_POLICY"] == "PASSIVE"
    assert trainer.nice() > psutil.Process().nice() or trainer.nice() == 19
    engine.client.fine_tuning.jobs.cancel(job.id)


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """An engine with three devices, of which a project may hold two."""
    home = tmp_path_factory.mktemp("wide")
    limits = Limits(project_running=2)
    yield from run_here(
        Engine(home, api_key=KEY, limits=limits, trainer=replace(TRAINER, devices=GPUS), worker=WORKER), home, KEY
    )


def running(engine: Running, *jobs: str) -> list[str]:
    return [job for job in jobs if engine.client.fine_tuning.jobs.retrieve(job).status == "running"]


def test_jobs_run_beside_each_other_each_on_a_device_of_its_own(wide: Running) -> None:
    first, second = jobs = [wide.create("steps=1000 pause=0.02").id for _ in range(2)]
    third = wide.create("steps=3").id
    eventually(lambda: [wide.steps(job) for job in jobs], all)
    gpus = [trainers(wide.home, job)[0].environ()["CUDA_VISIBLE_DEVICES"] for job in jobs]
    assert sorted(gpus) == ["uuid-0", "uuid-1"]
    assert wide.client.fine_tuning.jobs.retrieve(third).status == "queued"
    assert running(wide, *jobs) == jobs
    wide.client.fine_tuning.jobs.cancel(first)
    assert wide.wait(third).status == "succeeded"
    told = len(wide.steps(second))
    eventually(lambda: len(wide.steps(second)), lambda steps: steps > told)
    wide.client.fine_tuning.jobs.cancel(second)


def test_another_project_is_served_when_one_holds_all_it_may(wide: Running) -> None:
    mine = [wide.create("steps=1000 pause=0.02").id for _ in range(3)]
    other = wide.client.with_options(project="proj-other")
    upload = other.files.create(file=("t.jsonl", training_data("steps=2")), purpose="fine-tune").id
    theirs = other.fine_tuning.jobs.create(model="starter", training_file=upload).id
    eventually(lambda: other.fine_tuning.jobs.retrieve(theirs).status, lambda status: status == "succeeded")
    assert running(wide, *mine) == mine[:2]
    for job in mine:
        wide.client.fine_tuning.jobs.cancel(job)


def test_a_job_paused_and_resumed_at_once_never_has_two_trainers(wide: Running) -> None:
    job = wide.create("steps=40 pause=0.05").id
    for _ in range(3):
        eventually(lambda: wide.client.fine_tuning.jobs.retrieve(job).status, lambda status: status == "running")
        eventually(lambda: trainers(wide.home, job), bool)
        wide.client.fine_tuning.jobs.pause(job)
        wide.client.fine_tuning.jobs.resume(job)
        assert len(trainers(wide.home, job)) <= 1
    assert wide.wait(job).status == "succeeded"
    steps = wide.steps(job)
    assert all(before < after for before, after in itertools.pairwise(steps))
    assert steps[-1] == 40


def test_only_jobs_without_a_trainer_go_back_to_the_queue(tmp_path: Path) -> None:
    store = Store(tmp_path / "engine.db")
    with store.writing() as session:
        for name in ("ours", "orphan"):
            usual = {"model": "starter", "training_file": "f", "hyperparameters": {}, "seed": 1, "tag": name}
            session.add(JobRow(id=name, status="running", **usual))
    progress.requeue(store, "Training was interrupted.", crashed=True, ours=frozenset({"ours"}))
    with store.reading() as session:
        ours, orphan = (progress.find_job(session, name) for name in ("ours", "orphan"))
    assert (ours.status, ours.interrupted, ours.crashes) == ("running", False, 0)
    assert (orphan.status, orphan.interrupted, orphan.crashes) == ("queued", True, 1)
    store.close()


def test_who_waits_is_told_where(engine: Running) -> None:
    first = engine.create("steps=1000 pause=0.02")
    engine.wait(first.id, lambda job: job.status == "running")
    waiting = engine.create("steps=1")
    told = eventually(lambda: [event.message for event in engine.events(waiting.id) if "ahead" in event.message], bool)
    assert len(told) == 1
    assert told[0].startswith("1 job ahead; starts in about")
    engine.client.fine_tuning.jobs.cancel(first.id)
    assert engine.wait(waiting.id).status == "succeeded"


def test_a_job_that_the_engine_stumbles_over_fails_and_holds_up_no_other(
    engine: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumble(*_: object) -> None:
        raise OSError("the disk is gone")

    monkeypatch.setattr("lib.engine.queue.queue.check_files", stumble)
    failed = engine.wait(engine.create("steps=1").id)
    assert (failed.error.code, failed.error.message) == (
        "server_error",
        "The engine could not go on: the disk is gone",
    )
    monkeypatch.undo()
    monkeypatch.setattr("lib.engine.queue.queue.judge", stumble)
    assert engine.wait(engine.create("steps=1").id).error.code == "server_error"
    monkeypatch.undo()
    assert engine.wait(engine.create("steps=1").id).status == "succeeded"
