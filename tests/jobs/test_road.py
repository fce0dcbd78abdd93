"""The road with the real engine: launch, train, result, answer; and the engine killed on the way."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator

import pytest

from lib import config, library
from lib.datasets.recipe import Recipe
from lib.inference.answer import Answer, Sampling, stream
from lib.inference.prompting import prepare
from lib.jobs.launch import LaunchSpec, launch
from lib.jobs.records import FINAL, Job, get, metrics, result_bytes
from lib.jobs.worker import Worker
from lib.providers.connections import connection
from lib.providers.embedded import EmbeddedEngine, start_embedded, stop_embedded

pytestmark = pytest.mark.slow


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddedEngine]:
    monkeypatch.delenv("TUNEBOARD_ENGINE_URL")
    config.settings.cache_clear()
    running, worker = start_embedded(), Worker()
    assert running.wait_ready()
    worker.start()
    yield running
    worker.stop()
    stop_embedded()


@pytest.fixture
def numbers() -> library.Version:
    records = [{"prompt": f"{n} plus one ->", "completion": f"{n + 1}\n"} for n in range(60)]
    return library.save_version("sums", Recipe(stop="\n"), records, library.save_upload("sums.csv", b"x"))


def test_a_dataset_becomes_a_model_that_answers(engine: EmbeddedEngine, numbers: library.Version) -> None:
    spec = LaunchSpec("engine", "starter", numbers.id, epochs=2, suffix="sums", seed=1, validation_fraction=0.2)
    job = wait("the-launch", launch("the-launch", spec), lambda job: job.result_sha256 is not None)
    assert job.status == "succeeded"
    steps = [row["step"] for row in metrics(job.id)]
    assert steps == sorted(set(steps))
    assert len(steps) > 2
    assert result_bytes(job)
    answer = Answer()
    asked = prepare(job.recipe, "3 plus one")
    pieces = list(stream(connection("engine"), job.tuned_model or "", asked, Sampling(max_tokens=8), answer))
    assert answer.error is None
    assert "".join(pieces) == answer.text
    assert answer.finish_reason in {"stop", "length"}


def test_an_engine_killed_while_it_trains_gives_one_job_with_an_end(
    engine: EmbeddedEngine, numbers: library.Version
) -> None:
    spec = LaunchSpec("engine", "starter", numbers.id, epochs=8, seed=1)
    wait("the-launch", launch("the-launch", spec), lambda job: job.status == "running")
    os.kill(engine.process_id() or 0, signal.SIGKILL)
    job = wait("the-launch", get("the-launch"), lambda job: job.status in FINAL)
    assert job.status == "succeeded" or job.error is not None
    assert engine.state().restarts == 1


def wait(id: str, job: Job, until: Callable[[Job], bool]) -> Job:
    tick = threading.Event()
    for _ in range(900):
        job = get(id)
        if until(job):
            return job
        assert job.status != "failed", job.error
        tick.wait(0.1)
    raise AssertionError(f"still {job.status}: {job.problem}")
