"""Exactly one file pair and one job a launch, whatever the network, the clicks and the death of workers do."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lib.jobs.records import jobs
from tests.fake_service import Service, running
from tests.faults import storm
from tests.faults.conftest import Through
from tests.faults.proxy import FATES


@pytest.fixture
def service() -> Iterator[Service]:
    with running() as served:
        yield served


def surplus(service: Service, ids: list[str]) -> dict[str, int]:
    names = [file["filename"] for file in service.files]
    return storm.surplus(ids, names, [job["metadata"]["launch_id"] for job in service.jobs])


def test_two_hundred_launches_with_dying_workers_and_double_clicks(service: Service, through: Through) -> None:
    proxy, ids = through(service.url, seed=7), [f"launch-{n}" for n in range(200)]
    storm.click(ids, storm.dataset().id)
    dead = storm.ride_out(seed=7, deaths=0.03, workers=4)
    proxy.settle()
    assert surplus(service, ids) == {}
    assert len(jobs(limit=1000)) == 200
    assert dead > 10
    assert min(proxy.fates[fate] for fate in FATES) > 10, "every fault was met often"


def test_several_workers_on_one_database(service: Service, through: Through) -> None:
    proxy, ids = through(service.url, seed=8), [f"launch-{n}" for n in range(40)]
    storm.click(ids, storm.dataset().id)
    storm.ride_out(seed=8, workers=3)
    proxy.settle()
    assert surplus(service, ids) == {}


def test_a_service_that_was_told_twice_would_be_noticed(service: Service, through: Through) -> None:
    proxy, ids = through(service.url, seed=9), ["launch-0"]
    storm.click(ids, storm.dataset().id)
    storm.ride_out(seed=9)
    proxy.settle()
    service.jobs.append(dict(service.jobs[0]))
    assert surplus(service, ids) == {"launch-0": 2}
