"""Tables, a fake service behind the connection `engine`, and a launch that is ready to go."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lib import config, library
from lib.datasets.recipe import Recipe
from lib.db import JobRow, new_id, now, session
from lib.jobs.launch import LaunchSpec, launch
from lib.jobs.records import Job, get
from lib.jobs.worker import Worker
from lib.migrations import migrate
from lib.providers.client import close_clients
from tests.fake_service import Service, running

Launch = Callable[..., Job]


@pytest.fixture(autouse=True)
def service(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    migrate()
    with running() as served:
        monkeypatch.setenv("TUNEBOARD_ENGINE_URL", served.url)
        config.settings.cache_clear()
        yield served
        close_clients()


@pytest.fixture
def version() -> library.Version:
    records = [{"prompt": f"{n} ->", "completion": f" answer {n}\n"} for n in range(20)]
    source = library.save_upload("numbers.csv", b"prompt,completion\n")
    return library.save_version("numbers", Recipe(stop="\n"), records, source)


@pytest.fixture
def start(version: library.Version) -> Launch:
    """Launch with `start(epochs=2, ...)`."""

    def go(id: str = "", **values: object) -> Job:
        spec = LaunchSpec(**({"connection": "engine", "model": "starter", "version_id": version.id} | values))  # type: ignore[arg-type]
        return launch(id or new_id(), spec)

    return go


def work(job_id: str, worker: Worker, until: Callable[[Job], bool], steps: int = 60) -> Job:
    """Take steps with no pause between them until something is true of the job."""
    for _step in range(steps):
        job = get(job_id)
        if until(job):
            return job
        hurry(job_id)
        worker.run_once()
    raise AssertionError(f"still {get(job_id).status} after {steps} steps: {get(job_id).problem}")


def hurry(job_id: str) -> None:
    """Make the next step of a job due now, and of all others later."""
    with session() as opened:
        for row in opened.query(JobRow):
            row.next_step_at = 0.0 if row.id == job_id else now() + 1000


def created(job: Job) -> bool:
    return job.remote_id is not None


def ended(job: Job) -> bool:
    return not job.live
