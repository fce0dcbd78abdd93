"""The same request sent twice makes one object, however its copies arrive."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import httpx2
import openai
import pytest

from tests.engine.support import KEY, Running

AUTH = {"Authorization": f"Bearer {KEY}"}
COPIES = 16


def send_copies(url: str, body: dict[str, object] | None = None, key: str = "") -> list[httpx2.Response]:
    headers = AUTH | ({"Idempotency-Key": key} if key else {})
    with ThreadPoolExecutor(COPIES) as pool:
        return list(pool.map(lambda _: httpx2.post(url, json=body, headers=headers, timeout=30), range(COPIES)))


def test_copies_of_a_request_that_arrive_together_make_one_job(engine: Running) -> None:
    body = {"model": "starter", "training_file": engine.upload(), "metadata": {"launch_id": "together"}}
    answers = send_copies(f"{engine.url}/v1/fine_tuning/jobs", body, "together")
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert len(engine.client.fine_tuning.jobs.list(metadata={"launch_id": "together"}).data) == 1


def test_copies_of_a_pause_act_once_and_all_hear_the_same(engine: Running) -> None:
    job = engine.create("steps=1000 pause=0.02")
    answers = send_copies(f"{engine.url}/v1/fine_tuning/jobs/{job.id}/pause", None, "pause-together")
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert [event.message for event in engine.events(job.id)].count("Fine-tuning job paused") == 1
    engine.client.fine_tuning.jobs.cancel(job.id)


def test_of_many_pauses_without_a_key_one_is_taken_and_the_others_are_refused(engine: Running) -> None:
    job = engine.create("steps=1000 pause=0.02")
    answers = send_copies(f"{engine.url}/v1/fine_tuning/jobs/{job.id}/pause")
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * (COPIES - 1)
    engine.client.fine_tuning.jobs.cancel(job.id)


def test_a_key_is_not_taken_for_another_request(engine: Running) -> None:
    def create(seed: int) -> str:
        headers = {"Idempotency-Key": "one-key"}
        jobs = engine.client.fine_tuning.jobs
        return jobs.create(model="starter", training_file=file_id, seed=seed, extra_headers=headers).id

    file_id = engine.upload("steps=1")
    made = create(1)
    with pytest.raises(openai.BadRequestError) as refusal:
        create(2)
    assert refusal.value.code == "idempotency_key_reused"
    assert create(1) == made


def test_a_refused_request_leaves_its_key_free(engine: Running) -> None:
    headers = {"Idempotency-Key": "second-chance"}
    jobs = engine.client.fine_tuning.jobs
    with pytest.raises(openai.BadRequestError):
        jobs.create(model="starter", training_file="file-none", extra_headers=headers)
    assert jobs.create(model="starter", training_file=engine.upload("steps=1"), extra_headers=headers).id
