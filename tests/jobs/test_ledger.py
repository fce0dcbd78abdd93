"""Many jobs at a glance, what people write on them, and what they took, added up."""

from __future__ import annotations

import pytest

from lib.db import EventRow, JobRow, now, session
from lib.jobs import desk
from lib.jobs.ledger import ledger
from lib.jobs.listing import summaries
from lib.jobs.records import get
from lib.jobs.worker import Worker
from tests.fake_service import Service
from tests.jobs.conftest import Launch, created, work

JULY, AUGUST = 1_783_000_000.0, 1_786_000_000.0
"""In 2026."""


def change(id: str, **values: object) -> None:
    with session() as opened:
        row = opened.get_one(JobRow, id)
        for name, value in values.items():
            setattr(row, name, value)


def test_what_a_job_took_is_recorded_when_it_ends(service: Service, start: Launch) -> None:
    job = start()
    change(job.id, estimate={"price_per_mtok": 25.0, "dollars": 1.0})
    work(job.id, Worker(), created)
    change(job.id, started_at=now() - 120)
    service.finish(trained_tokens=2_000_000)
    took = work(job.id, Worker(), lambda job: job.closed).actual
    assert (took["tokens"], took["dollars"]) == (2_000_000, 50.0)
    assert took["minutes"] == pytest.approx(2.0, abs=0.2)


def test_what_nobody_tells_is_left_out(service: Service, start: Launch) -> None:
    job = start()
    work(job.id, Worker(), created)
    service.finish(status="failed")
    assert work(job.id, Worker(), lambda job: job.closed).actual == {}


def test_a_ledger_adds_up_by_month_project_and_owner(start: Launch) -> None:
    for id, made, project, estimate, actual in (
        ("a", JULY, "x", {"dollars": 1.0, "billed_tokens": 10}, {"dollars": 2.0, "tokens": 9}),
        ("b", JULY, "x", {"dollars": 3.0}, {}),
        ("c", JULY, "", {"dollars": 9.0, "currency": "CNY"}, {"minutes": 4.0}),
        ("d", AUGUST, "x", {}, {}),
    ):
        start(id)
        change(id, created_at=made, project=project, estimate=estimate, actual=actual)
    august, none, x = ledger(summaries(with_figures=True))
    assert (august.month, august.jobs, august.dollars) == ("2026-08", 1, None)
    assert (none.project, none.estimated_dollars, none.minutes) == ("", None, 4.0)
    assert (x.month, x.jobs, x.estimated_dollars, x.dollars, x.tokens) == ("2026-07", 2, 4.0, 2.0, 9)


def test_how_far_each_job_is_comes_with_the_list(start: Launch) -> None:
    start("a")
    start("b")
    with session() as opened:
        for step in (1, 2, 3):
            data = {"step": step, "total_steps": 4}
            opened.add(EventRow(job_id="a", event_id=f"{step}", created_at=now(), type="metrics", data=data))
    change("b", status="succeeded")
    assert {job.id: job.fraction for job in summaries()} == {"a": 0.75, "b": 1.0}


def test_words_are_looked_for_in_all_that_people_know_a_job_by(start: Launch) -> None:
    start("a", suffix="Tang")
    desk.note("a", "for the museum")
    desk.tag("a", ["blue"])
    (job,) = summaries()
    assert job.holds(["tang", "museum", "blu"])
    assert not job.holds(["tang", "green"])


def test_what_is_written_on_a_job_is_kept_clean_and_short(start: Launch) -> None:
    start("a")
    desk.rename("a", "  one \n line\0 ")
    desk.rename("a", "  ")
    desk.tag("a", ["x", " x ", "", "y" * 100])
    desk.assign("a", "museum")
    desk.hide("a")
    job = get("a")
    assert (job.name, job.tags, job.project) == ("one line", ["x", "y" * 60], "museum")
    assert summaries()[0].hidden
    desk.show("a")
    assert not summaries()[0].hidden
    assert desk.known_tags() == ["x", "y" * 60]
