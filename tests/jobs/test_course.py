"""What a job's log tells beside the numbers: when each step was done, and the checkpoints it left."""

from __future__ import annotations

from typing import Any

from lib.db import EventRow, session
from lib.jobs import course
from tests.fake_service import Service
from tests.jobs.conftest import Launch


def told(job_id: str, *events: dict[str, Any]) -> None:
    with session() as opened:
        for at, event in enumerate(events):
            opened.add(EventRow(**{"job_id": job_id, "event_id": f"e{at}", "created_at": 60.0 * at} | event))


def test_checkpoints_come_by_step_and_their_models_where_they_are_known(service: Service, start: Launch) -> None:
    job = start()
    told(
        job.id,
        {"type": "checkpoint", "data": {"step": 40, "model": "ft:x:ckpt-step-40"}},
        {"type": "checkpoint", "data": {"step": 20, "model": None}},
        {"type": "checkpoint", "data": {"step": None, "model": "ft:y"}},
        {"type": "message", "data": {"step": 1}},
    )
    assert course.checkpoints(job.id) == [(20, ""), (40, "ft:x:ckpt-step-40")]


def test_the_moments_of_steps_are_those_the_service_gave(service: Service, start: Launch) -> None:
    job = start()
    told(job.id, *({"type": "metrics", "data": {"step": step, "train_loss": 1.0}} for step in (1, 2)))
    assert course.moments(job.id) == {1.0: 0.0, 2.0: 60.0}
