"""An engine that is killed, and what the next one on the same home makes of it."""

from __future__ import annotations

import base64
import csv
import io
import sqlite3
from collections.abc import Callable

import psutil
import pytest

from tests.engine.support import Process, eventually

pytestmark = pytest.mark.slow
Start = Callable[[], Process]


def result_steps(engine: Process, file_id: str) -> list[int]:
    text = base64.b64decode(engine.client.files.content(file_id).read()).decode()
    return [int(row["step"]) for row in csv.DictReader(io.StringIO(text))]


def test_a_killed_engine_takes_its_job_up_again_and_runs_those_that_waited(start: Start) -> None:
    first = start()
    job = first.create("steps=10 pause=0.1", metadata={"launch_id": "l"})
    waiting = first.create("steps=2")
    eventually(lambda: first.steps(job.id), lambda steps: len(steps) >= 4)
    first.kill()

    second = start()
    done = second.wait(job.id)
    assert done.status == "succeeded"
    assert second.steps(job.id) == list(range(1, 11))
    assert result_steps(second, done.result_files[0]) == list(range(1, 11))
    messages = [event.message for event in second.events(job.id)]
    assert messages.count("Fine-tuning job started") == 1
    assert "Fine-tuning job resumed" in messages
    assert second.wait(waiting.id).status == "succeeded"
    assert [j.id for j in second.client.fine_tuning.jobs.list(metadata={"launch_id": "l"}).data] == [job.id]
    with sqlite3.connect(second.home / "engine.db") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def test_a_job_that_makes_steps_outlives_any_number_of_crashes(start: Start) -> None:
    engine = start()
    job = engine.create("steps=12 pause=0.1")
    for reached in (2, 4, 6, 8):
        eventually(lambda engine=engine: engine.steps(job.id), lambda steps, reached=reached: len(steps) > reached)
        engine.kill()
        engine = start()
    assert engine.wait(job.id).status == "succeeded"
    assert engine.steps(job.id) == list(range(1, 13))


def test_a_job_that_loses_its_engine_three_times_on_the_spot_is_given_up_with_the_reason(start: Start) -> None:
    engine = start()
    job = engine.create("steps=1000 pause=5")
    for _ in range(3):
        eventually(
            lambda engine=engine: engine.client.fine_tuning.jobs.retrieve(job.id), lambda j: j.status == "running"
        )
        engine.kill()
        engine = start()
    failed = engine.wait(job.id)
    assert (failed.status, failed.error.code) == ("failed", "training_interrupted")
    assert "3 times" in failed.error.message


def test_a_trainer_does_not_outlive_its_engine(start: Start) -> None:
    engine = start()
    job = engine.create("steps=1000 pause=0.05")
    eventually(lambda: engine.steps(job.id), bool)
    children = psutil.Process(engine.process.pid).children()
    assert children
    engine.kill()
    assert not psutil.wait_procs(children, timeout=10)[1]


def test_an_engine_that_is_asked_to_stop_puts_its_job_back_without_blame(start: Start) -> None:
    engine = start()
    job = engine.create("steps=8 pause=0.1")
    eventually(lambda: engine.steps(job.id), lambda steps: len(steps) >= 2)
    engine.close()
    assert engine.process.returncode == 0
    with sqlite3.connect(engine.home / "engine.db") as connection:
        assert connection.execute("SELECT status, crashes FROM jobs").fetchall() == [("queued", 0)]
    connection.close()
    again = start()
    assert again.wait(job.id).status == "succeeded"
    assert again.steps(job.id) == list(range(1, 9))


def test_a_half_written_line_of_a_killed_trainer_harms_nothing(start: Start) -> None:
    engine = start()
    job = engine.create("steps=8 pause=0.1")
    eventually(lambda: engine.steps(job.id), lambda steps: len(steps) >= 3)
    engine.kill()
    with (engine.home / "jobs" / job.id / "events.jsonl").open("a") as file:
        file.write('{"kind": "metr')
    again = start()
    assert again.wait(job.id).status == "succeeded"
    assert again.steps(job.id) == list(range(1, 9))


def test_files_answers_and_models_survive_a_kill(start: Start) -> None:
    engine = start()
    job = engine.wait(engine.create("steps=2").id)
    headers = {"Idempotency-Key": "once"}
    create = {"model": "starter", "training_file": job.training_file, "extra_headers": headers}
    made = engine.client.fine_tuning.jobs.create(**create)
    engine.kill()
    again = start()
    assert again.client.fine_tuning.jobs.create(**create).id == made.id
    assert again.client.models.retrieve(job.fine_tuned_model).id == job.fine_tuned_model
    assert again.client.files.content(job.training_file).read()
    assert again.client.completions.create(model=job.fine_tuned_model, prompt="still here").choices[0].text


def test_a_start_is_quick_and_light(start: Start) -> None:
    engine = start()
    process = psutil.Process(engine.process.pid)
    assert process.memory_info().rss < 150e6
    loaded = "\n".join(m.path for m in process.memory_maps())
    assert "torch" not in loaded
