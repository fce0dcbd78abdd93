"""No paid side effect happens twice, whatever is lost, clicked or killed."""

from __future__ import annotations

import random
import threading
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from lib.db import JobRow, session
from lib.jobs import steps
from lib.jobs.lease import LeaseLost, claim
from lib.jobs.records import events, get, jobs
from lib.jobs.wishes import request_cancel
from lib.jobs.worker import Worker
from lib.providers.provider import PROVIDERS
from tests.fake_service import Service
from tests.jobs.conftest import Launch, created, ended, hurry, work

FAULTS: list[dict[str, Any]] = [
    {"reset": True, "after": True},
    {"status": 502, "after": True, "body": "<html><title>Bad gateway</title></html>"},
    {"status": 200, "after": True, "body": "<html><title>Log in</title></html>"},
    {"reset": True},
    {"status": 500, "body": '{"error": {"message": "oops"}}'},
    {"status": 429, "headers": {"Retry-After": "0"}, "body": '{"error": {"message": "slow down"}}'},
]


@pytest.fixture(autouse=True)
def _certain_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fake service either acted or never will: there is nothing to wait for."""
    confirm_for(0.0, monkeypatch)


def confirm_for(seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PROVIDERS, "engine", replace(PROVIDERS["engine"], confirm_seconds=seconds))


def test_lost_answers_at_every_request_leave_one_file_and_one_job_a_launch(service: Service, start: Launch) -> None:
    chance = random.Random(7)  # noqa: S311
    launched = []
    for _ in range(24):
        for path in ("/files$", "/jobs$"):
            service.fault("POST", path, times=chance.randint(0, 3), **chance.choice(FAULTS))
            service.fault("GET", path, times=chance.randint(0, 1), **chance.choice(FAULTS[3:]))
        job = start()
        launched.append(job.id)
        work(job.id, Worker(), created)
    assert sorted(job["metadata"]["launch_id"] for job in service.jobs) == sorted(launched)
    assert len(service.files) == len({file["filename"] for file in service.files}) == len(launched)


@pytest.mark.parametrize("fault", FAULTS)
def test_one_fault_at_the_create_gives_one_job(service: Service, start: Launch, fault: dict[str, Any]) -> None:
    service.fault("POST", "/jobs$", **fault)
    work(start().id, Worker(), created)
    assert len(service.jobs) == 1


def test_a_lost_answer_shows_as_confirming_until_the_job_is_found(service: Service, start: Launch) -> None:
    service.fault("POST", "/jobs$", reset=True, after=True)
    job = work(start().id, Worker(), lambda job: job.status == "confirming")
    assert job.problem is not None
    assert any("looked up" in event.text() for event in events(job.id))
    assert work(job.id, Worker(), created).status == "queued"


def test_a_request_that_may_still_take_effect_is_not_sent_again(
    service: Service, start: Launch, monkeypatch: pytest.MonkeyPatch
) -> None:
    confirm_for(1000.0, monkeypatch)
    service.fault("POST", "/jobs$", reset=True)
    job = work(start().id, Worker(), lambda job: job.status == "confirming")
    for _ in range(5):
        hurry(job.id)
        Worker().run_once()
    assert get(job.id).status == "confirming"
    assert service.count("POST", "/jobs$") == 1


def test_a_service_slower_than_our_patience_gets_one_job(
    service: Service, start: Launch, monkeypatch: pytest.MonkeyPatch
) -> None:
    confirm_for(1000.0, monkeypatch)
    monkeypatch.setattr(steps.backend, "CREATE_TIMEOUT", 0.2)
    service.fault("POST", "/jobs$", delay=1.0)
    job, worker = start(), Worker()
    worker.start()
    _wait_for(lambda: get(job.id).status == "confirming")
    _wait_for(lambda: created(get(job.id)))
    worker.stop()
    assert len(service.jobs) == 1


def test_ten_clicks_at_once_give_one_job(service: Service, start: Launch) -> None:
    together = threading.Barrier(10)

    def click() -> None:
        together.wait()
        start("the-form")

    clicks = [threading.Thread(target=click) for _ in range(10)]
    for thread in clicks:
        thread.start()
    for thread in clicks:
        thread.join()
    assert [job.id for job in jobs()] == ["the-form"]
    work("the-form", Worker(), created)
    assert len(service.jobs) == 1


def test_a_second_launch_with_the_same_id_returns_the_job_that_is_there(start: Launch) -> None:
    assert start("the-form", epochs=2).settings == start("the-form", epochs=9).settings


@pytest.mark.parametrize("last_step", range(6))
def test_a_server_killed_after_any_step_goes_on_with_one_job(service: Service, start: Launch, last_step: int) -> None:
    job = start(validation_fraction=0.2)
    for _ in range(last_step):
        Worker().run_once()
        hurry(job.id)
    work(job.id, Worker(), created)
    assert Counter(file["filename"] for file in service.files) == {
        f"tuneboard-{job.id}-train.jsonl": 1,
        f"tuneboard-{job.id}-valid.jsonl": 1,
    }
    assert len(service.jobs) == 1


@pytest.mark.parametrize("path", ["upload_file", "create_job"])
def test_a_server_killed_between_request_and_record_finds_what_it_sent(
    service: Service, start: Launch, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    real = getattr(steps.backend, path)

    def killed(*args: Any, **kwargs: Any) -> None:
        real(*args, **kwargs)
        raise SystemExit

    job = start()
    with monkeypatch.context() as patched:
        patched.setattr(steps.backend, path, killed)
        with pytest.raises(SystemExit):
            work(job.id, Worker(), created)
    _forget_leases()
    work(job.id, Worker(), created)
    assert (len(service.files), len(service.jobs)) == (1, 1)


def test_two_workers_never_hold_the_same_job(start: Launch) -> None:
    ids = {start().id for _ in range(6)}
    held = [lease.job.id for worker in "ab" for lease in claim(worker, 10)]
    assert sorted(held) == sorted(ids)


def test_workers_on_one_database_create_each_job_once(service: Service, start: Launch) -> None:
    launched = {start().id for _ in range(8)}
    workers = [Worker() for _ in range(3)]
    for worker in workers:
        worker.start()
    _wait_for(lambda: all(created(get(id)) for id in launched))
    for worker in workers:
        worker.stop()
    assert sorted(job["metadata"]["launch_id"] for job in service.jobs) == sorted(launched)
    assert len(service.files) == len(launched)


def test_a_worker_that_lost_its_lease_writes_nothing(start: Launch) -> None:
    job = start()
    (lease,) = claim("slow", 1)
    _forget_leases()
    claim("quick", 1)
    with pytest.raises(LeaseLost):
        lease.save(status="failed")
    assert get(job.id).status == "waiting"


def test_a_cancel_while_confirming_waits_until_it_is_known_then_cancels_what_was_made(
    service: Service, start: Launch
) -> None:
    service.fault("POST", "/jobs$", reset=True, after=True)
    job = work(start().id, Worker(), lambda job: job.status == "confirming")
    request_cancel(job.id)
    assert work(job.id, Worker(), ended).status == "cancelled"
    assert [job["status"] for job in service.jobs] == ["cancelled"]


def _forget_leases() -> None:
    with session() as opened:
        for row in opened.query(JobRow):
            row.lease_owner, row.lease_until = None, 0.0


def _wait_for(true: Any) -> None:
    woken = threading.Event()
    for _ in range(400):
        if true():
            return
        woken.wait(0.05)
    raise AssertionError("it never came true")
