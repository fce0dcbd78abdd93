"""Forecasts: position, start and end of jobs that wait and run."""

from __future__ import annotations

import time
from collections.abc import Iterator
from math import inf
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from lib.engine.queue import forecast
from lib.engine.queue.forecast import Load, Work, expected_seconds, outlook, schedule
from lib.engine.queue.turns import Line, Rules, Waiting
from lib.engine.store import Store
from lib.engine.tables import EventRow, FileRow, JobRow, SpeedRow

NOW = 1_800_000_000


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A store on a day when the clock stands still, where a job of one epoch takes 10 s and 1 s for each 100 bytes."""
    monkeypatch.setattr(forecast, "now", lambda: NOW)
    store = Store(tmp_path / "engine.db")
    with store.writing() as session:
        session.add(SpeedRow(base="starter", tokens_per_second=50.0, overhead_seconds=10.0, tokens_per_byte=0.5))
        session.add(FileRow(id="file", filename="f", purpose="fine-tune", bytes=1_000))
    yield store
    store.close()


def add(session: Session, name: str, status: str = "queued", **fields: Any) -> JobRow:
    usual = {"model": "starter", "training_file": "file", "hyperparameters": {"n_epochs": 5}, "seed": 1, "tag": name}
    row = JobRow(**usual | {"id": name, "status": status} | fields)
    session.add(row)
    session.flush()
    return row


def told(session: Session, job_id: str) -> list[str]:
    return list(session.scalars(select(EventRow.message).where(EventRow.job_id == job_id).order_by(EventRow.seq)))


def places(jobs: list[Waiting], running: list[Load], rules: Rules) -> dict[str, tuple[int, int, float, bool]]:
    found = schedule(Line(jobs, {}), {job.id: 10.0 for job in jobs}, running, rules, 100.0)
    return {name: (place.position, place.ahead, place.start, place.held) for name, place in found.items()}


def test_one_device_takes_one_after_the_other() -> None:
    jobs = [Waiting("x", 1, "a"), Waiting("y", 2, "a")]
    assert places(jobs, [], Rules(1, 9)) == {"x": (1, 0, 100, False), "y": (2, 1, 110, False)}
    assert places(jobs, [Load("a", 130)], Rules(1, 9)) == {"x": (1, 1, 130, False), "y": (2, 2, 140, False)}


def test_several_devices_take_several() -> None:
    jobs = [Waiting(str(i), i, "a") for i in range(3)]
    starts = {name: place[2] for name, place in places(jobs, [Load("b", 104)], Rules(2, 9)).items()}
    assert starts == {"0": 100, "1": 104, "2": 110}


def test_a_project_at_its_cap_waits_beside_a_free_device() -> None:
    jobs = [Waiting("x", 1, "a"), Waiting("y", 2, "b")]
    assert places(jobs, [Load("a", 150)], Rules(3, 1)) == {"y": (1, 0, 100, False), "x": (2, 2, 150, True)}


def test_what_waits_behind_an_unknown_job_has_no_start() -> None:
    found = schedule(Line([Waiting("x", 1, "a")], {}), {"x": 5.0}, [Load("a", inf)], Rules(), 100.0)
    assert found["x"].start == inf
    assert forecast.sentence(found["x"], 100.0) == "1 job ahead"


def test_a_jobs_length_follows_from_the_measured_speed_of_its_base() -> None:
    speeds = {"big": SpeedRow(base="big", tokens_per_second=100.0, overhead_seconds=20.0, tokens_per_byte=0.25)}
    job = Work("ft:big:tuneboard:x:tag", 2, None, 0, None, 4_000)
    assert expected_seconds(job, speeds) == 20 + 2 * 1_000 / 100
    assert expected_seconds(Work(job.model, 2, None, 15, 20, 4_000), speeds) == 20 + 500 / 100
    assert expected_seconds(Work(job.model, "auto", None, 0, None, 4_000), speeds) == 20 + 3_000 / 100
    assert expected_seconds(Work("other", None, None, 0, None, 4_000), speeds) == inf
    assert expected_seconds(Work("other", None, 20_000_000, 0, None, 4_000), speeds) < inf


def test_a_waiting_job_knows_its_place_and_its_times(store: Store) -> None:
    with store.writing() as session:
        add(session, "runs", "running", estimated_finish=NOW + 30, starts=1)
        first, second = add(session, "first"), add(session, "second")
        seen = outlook(session, second)
        assert (seen.state, seen.position, seen.ahead) == ("waiting", 2, 2)
        assert (seen.starts_at, seen.finishes_at) == (NOW + 30 + 60, NOW + 30 + 120)
        assert seen.reason == "2 jobs ahead; starts in about 2 minutes"
        assert outlook(session, first).position == 1


def test_a_running_job_ends_by_its_own_pace_or_by_what_it_should_take(store: Store) -> None:
    with store.writing() as session:
        paced = add(session, "paced", "running", estimated_finish=NOW + 7, starts=1, started_at=NOW - 9)
        fresh = add(session, "fresh", "running", starts=1, started_at=NOW - 20)
        again = add(session, "again", "running", starts=2, started_at=NOW - 900, last_step=6, total_steps=10)
        assert [outlook(session, row).finishes_at for row in (paced, fresh, again)] == [NOW + 7, NOW + 40, NOW + 30]


def test_paused_and_ended_jobs_have_nothing_ahead(store: Store) -> None:
    with store.writing() as session:
        assert outlook(session, add(session, "p", paused=True)) == forecast.Outlook("paused")
        assert outlook(session, add(session, "e", "failed")) == forecast.Outlook("failed")
        assert outlook(session, add(session, "v", "validating_files")).state == "validating"


def test_why_a_job_is_held_back_is_said(store: Store) -> None:
    with store.writing() as session:
        add(session, "runs", "running", estimated_finish=NOW + 30, starts=1)
        capped = add(session, "capped")
        assert "as many jobs as it may (1)" in str(outlook(session, capped, Rules(2, 1)).reason)
        capped.waits_for = "It needs memory."
        assert outlook(session, capped).reason == "It needs memory."


def test_a_jobs_line_is_told_when_it_is_news_and_not_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    with store.writing() as session:
        rows = [add(session, f"job-{i}") for i in range(9)]
        forecast.tell(session, Rules())
        forecast.tell(session, Rules())
        assert told(session, "job-0") == []
        assert told(session, "job-8") == ["8 jobs ahead; starts in about 8 minutes"]
        rows[0].status = "succeeded"
        monkeypatch.setattr(forecast, "now", lambda: NOW + 60)
        forecast.tell(session, Rules())
        assert len(told(session, "job-8")) == 1
        for row in rows[1:4]:
            row.status = "succeeded"
        forecast.tell(session, Rules())
        assert told(session, "job-8")[1:] == ["4 jobs ahead; starts in about 4 minutes"]
        for i in range(20):
            add(session, f"urgent-{i}", priority=1)
        forecast.tell(session, Rules())
        assert told(session, "job-8")[2:] == ["24 jobs ahead; starts in about 24 minutes"]


def test_a_page_of_a_thousand_waiting_jobs_costs_one_schedule(store: Store) -> None:
    with store.writing() as session:
        for i in range(1_000):
            add(session, f"job-{i}", project=f"project-{i % 300}")
    with store.reading() as session:
        rows = list(session.scalars(select(JobRow)))
        begun = time.perf_counter()
        positions = sorted(outlook(session, row).position or 0 for row in rows)
        assert time.perf_counter() - begun < 1
    assert positions == list(range(1, 1_001))
