"""Training on a Ray cluster of two machines, emulated here. Needs requirements-ray.txt; skipped where it is missing."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("ray")

from lib.config import settings
from lib.engine.app import Engine
from lib.engine.queue.devices import Device
from lib.engine.queue.queue import Trainers
from tests.engine.support import ENDED, KEY, WORKER, Running, eventually, run_here

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.filterwarnings("ignore"),  # Ray's own
]
FAR = Trainers((sys.executable, "-m", "lib.engine.ray"), (Device("Ray", far=True),))
KNOBS = {"n_epochs": 4, "batch_size": 8, "learning_rate_multiplier": 0.2}
"""A gentle rate: at a high one, the noise of 16-bit sums grows from step to step, in whatever order they are added."""


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A head that trains nothing, and two machines with a processor each."""
    from ray.cluster_utils import Cluster

    store = {"object_store_memory": 100 * 1024**2}
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, **store})
    cluster.machines = [cluster.add_node(num_cpus=1, **store) for _ in range(2)]
    monkeypatch.setenv("TUNEBOARD_ENGINE_RAY", cluster.address)
    monkeypatch.setenv("TUNEBOARD_ENGINE_RAY_WORKERS", "2")
    yield cluster
    cluster.shutdown()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[str], Running]]:
    """Start engines that train on the cluster, or here."""
    running: list[Any] = []

    def start_one(where: str) -> Running:
        home = tmp_path / where
        options: dict[str, Any] = {"trainer": FAR} if where == "far" else {}
        running.append(run_here(Engine(home, api_key=KEY, worker=WORKER, **options), home, KEY))
        return next(running[-1])

    yield start_one
    for one in running:
        next(one, None)
    settings.cache_clear()


def sums() -> bytes:
    rows = [{"prompt": f"{i} + {i + 1} =", "completion": f" {2 * i + 1}, and that is all"} for i in range(160)]
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def create(engine: Running) -> str:
    file = engine.client.files.create(file=("sums.jsonl", sums()), purpose="fine-tune").id
    jobs = engine.client.fine_tuning.jobs
    return jobs.create(model="starter", training_file=file, seed=7, hyperparameters=KNOBS).id


def end(engine: Running, job: str) -> Any:
    jobs = engine.client.fine_tuning.jobs
    done = eventually(lambda: jobs.retrieve(job), lambda row: row.status in ENDED, seconds=500)
    assert done.status == "succeeded", done.error
    return done


def losses(engine: Running, job: str) -> list[float]:
    return [event.data["train_loss"] for event in engine.events(job) if event.type == "metrics"]


@pytest.mark.parametrize("storage", ["shared path", "url"])
def test_a_machine_that_dies_costs_steps_but_neither_the_job_nor_its_result(
    cluster: Any, start: Callable[[str], Running], storage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if storage == "url":
        monkeypatch.setenv("TUNEBOARD_ENGINE_RAY_STORAGE", f"file://{tmp_path / 'store'}")
    far, here = start("far"), start("here")
    reference = create(here)
    end(here, reference)
    job = create(far)
    eventually(lambda: len(far.steps(job)), lambda steps: steps >= 25, seconds=300)
    cluster.remove_node(cluster.machines[1], allow_graceful=False)
    end(far, job)
    assert far.steps(job) == here.steps(reference) == list(range(1, 81))
    assert losses(far, job) == pytest.approx(losses(here, reference), rel=0.01)
    assert losses(far, job)[-1] == pytest.approx(losses(here, reference)[-1], rel=0.005)
    told = [event.message for event in far.events(job)]
    assert any("Resumed from the state after step" in message for message in told)


def test_a_paused_job_stops_on_the_cluster_and_goes_on_from_where_it_was(
    cluster: Any, start: Callable[[str], Running]
) -> None:
    far = start("far")
    job = create(far)
    eventually(lambda: len(far.steps(job)), lambda steps: steps >= 5, seconds=300)
    far.client.fine_tuning.jobs.pause(job)
    points = far.home / "jobs" / job / "checkpoints"
    eventually(lambda: list(points.glob("*/state.pt")), bool, seconds=60)
    far.client.fine_tuning.jobs.resume(job)
    end(far, job)
    assert far.steps(job) == list(range(1, 81))
