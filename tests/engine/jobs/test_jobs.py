"""Jobs over the wire, driven by the SDK, with a trainer that only pretends."""

from __future__ import annotations

import time

import httpx2
import openai
import pytest
from openai import AsyncOpenAI

from tests.engine.support import KEY, Running, training_data

AUTH = {"Authorization": f"Bearer {KEY}"}


def test_a_job_runs_from_creation_to_a_model_with_a_result_file(engine: Running) -> None:
    job = engine.create("steps=4", suffix="my heroes!", seed=7, metadata={"launch_id": "run-1"})
    assert (job.status, job.seed, job.metadata) == ("validating_files", 7, {"launch_id": "run-1"})
    assert job.hyperparameters.n_epochs == "auto"
    assert job.fine_tuned_model is None
    done = engine.wait(job.id)
    assert done.status == "succeeded"
    assert done.fine_tuned_model.startswith("ft:starter:tuneboard:my-heroes-:")
    assert (done.trained_tokens, done.error, done.estimated_finish) == (40, None, None)
    assert (done.hyperparameters.n_epochs, done.method.supervised.hyperparameters.batch_size) == (3, 4)
    assert len(done.result_files) == 1


def test_jobs_are_listed_newest_first_and_found_by_metadata(engine: Running) -> None:
    file_id = engine.upload()
    made = [
        engine.client.fine_tuning.jobs.create(
            model="starter", training_file=file_id, metadata={"launch_id": f"find-{n}", "team": "a b&=c"}
        ).id
        for n in range(3)
    ]
    listed = [job.id for job in engine.client.fine_tuning.jobs.list(limit=2)]
    assert listed[:3] == made[::-1]
    assert len(listed) == len(set(listed))
    find = engine.client.fine_tuning.jobs.list
    assert [job.id for job in find(metadata={"launch_id": "find-1"}).data] == [made[1]]
    assert [job.id for job in find(metadata={"launch_id": "find-1", "team": "a b&=c"}).data] == [made[1]]
    assert len(find(metadata={"team": "a b&=c"}).data) == 3
    assert find(metadata={"launch_id": "find-1", "team": "other"}).data == []


async def test_the_async_client_drives_a_job_too(engine: Running) -> None:
    async with AsyncOpenAI(base_url=f"{engine.url}/v1", api_key=KEY, max_retries=0) as client:
        file = await client.files.create(file=("a.jsonl", training_data("steps=2")), purpose="fine-tune")
        job = await client.fine_tuning.jobs.create(
            model="starter",
            training_file=file.id,
            validation_file=file.id,
            method={"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 2, "batch_size": "auto"}}},
        )
        assert job.hyperparameters.n_epochs == 2
        done = engine.wait(job.id)
        assert [e.id async for e in client.fine_tuning.jobs.list_events(job.id, limit=4)]
        assert [c.id async for c in client.fine_tuning.jobs.checkpoints.list(job.id)]
        answer = await client.completions.create(model=done.fine_tuned_model, prompt="good day")
        assert answer.choices[0].text == "good day "
        stream = await client.chat.completions.create(
            model=done.fine_tuned_model, messages=[{"role": "user", "content": "good day"}], stream=True
        )
        assert "".join([chunk.choices[0].delta.content or "" async for chunk in stream]) == "good day "
        assert (await client.models.delete(done.fine_tuned_model)).deleted
        assert (await client.files.delete(file.id)).deleted


async def test_the_async_client_reaches_every_other_route(engine: Running) -> None:
    async with AsyncOpenAI(base_url=f"{engine.url}/v1", api_key=KEY, max_retries=0) as client:
        file = await client.files.create(file=("b.jsonl", training_data("slow")), purpose="fine-tune")
        assert (await client.files.retrieve(file.id)).filename == "b.jsonl"
        assert file.id in [each.id async for each in client.files.list()]
        assert (await client.files.content(file.id)).read() == training_data("slow")
        job = await client.fine_tuning.jobs.create(model="starter", training_file=file.id)
        assert (await client.fine_tuning.jobs.retrieve(job.id)).id == job.id
        assert job.id in [each.id async for each in client.fine_tuning.jobs.list()]
        assert (await client.fine_tuning.jobs.cancel(job.id)).status == "cancelled"
        model = engine.wait(engine.create("steps=2").id).fine_tuned_model
        assert (await client.models.retrieve(model)).id == model
        assert model in [each.id async for each in client.models.list()]
        chat = await client.chat.completions.create(model=model, messages=[{"role": "user", "content": "good day"}])
        assert chat.choices[0].message.content == "good day "
        stream = await client.completions.create(model=model, prompt="good day", stream=True)
        assert "".join([chunk.choices[0].text async for chunk in stream]) == "good day "


def test_the_top_level_hyperparameters_of_old_clients_count(engine: Running) -> None:
    job = engine.create(hyperparameters={"n_epochs": 5, "batch_size": 2, "learning_rate_multiplier": 2})
    assert (job.hyperparameters.n_epochs, job.hyperparameters.learning_rate_multiplier) == (5, 2.0)


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"model": "gpt-9"}, "model"),
        ({"training_file": "file-none"}, "training_file"),
        ({"training_file": "../engine.db"}, "training_file"),
        ({"validation_file": "file-none"}, "validation_file"),
        ({"suffix": "x" * 65}, "suffix"),
        ({"suffix": ""}, "suffix"),
        ({"seed": -1}, "seed"),
        ({"seed": 2**31}, "seed"),
        ({"seed": "7"}, "seed"),
        ({"hyperparameters": {"n_epochs": 0}}, "hyperparameters.n_epochs"),
        ({"hyperparameters": {"n_epochs": 51}}, "hyperparameters.n_epochs"),
        ({"hyperparameters": {"n_epochs": 1.5}}, "hyperparameters.n_epochs"),
        ({"hyperparameters": {"n_epochs": True}}, "hyperparameters.n_epochs"),
        ({"hyperparameters": {"batch_size": 257}}, "hyperparameters.batch_size"),
        ({"hyperparameters": {"learning_rate_multiplier": 0}}, "hyperparameters.learning_rate_multiplier"),
        ({"hyperparameters": {"beta": 1}}, "hyperparameters.beta"),
        (
            {"method": {"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": "many"}}}},
            "method.supervised.hyperparameters.n_epochs",
        ),
        ({"metadata": {str(n): "x" for n in range(17)}}, "metadata"),
        ({"metadata": {"k": "x" * 513}}, "metadata.k"),
        ({"metadata": {"k": 1}}, "metadata.k"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_a_field_that_cannot_be_is_refused_by_name(engine: Running, fields: dict, param: str) -> None:
    body = {"model": "starter", "training_file": engine.upload()} | fields
    answer = httpx2.post(f"{engine.url}/v1/fine_tuning/jobs", json=body, headers=AUTH)
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == param
    assert answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[]", 400),
        (b"null", 400),
        (b"\xff", 400),
        (b'{"model": NaN}', 400),
        (b'{"model": "\\ud800"}', 400),
        (b"[" * 100_000, 400),
        (b'{"seed": ' + b"9" * 5000 + b"}", 400),
        (b'{"training_file": "x"}', 400),
    ],
)
def test_a_body_that_is_no_request_is_refused_not_crashed_on(engine: Running, body: bytes, status: int) -> None:
    headers = AUTH | {"Content-Type": "application/json"}
    answer = httpx2.post(f"{engine.url}/v1/fine_tuning/jobs", content=body, headers=headers)
    assert answer.status_code == status
    assert answer.json()["error"]["type"] == "invalid_request_error"


def test_only_json_is_taken_where_json_is_due(engine: Running) -> None:
    answer = httpx2.post(f"{engine.url}/v1/fine_tuning/jobs", data={"model": "starter"}, headers=AUTH)
    assert answer.status_code == 415


@pytest.mark.parametrize("query", ["limit=0", "limit=-1", "limit=x", "limit=1001", "limit=" + "9" * 5000, "after=no"])
def test_a_page_that_cannot_be_is_refused(engine: Running, query: str) -> None:
    assert httpx2.get(f"{engine.url}/v1/fine_tuning/jobs?{query}", headers=AUTH).status_code == 400


def test_an_unknown_job_is_not_found_anywhere(engine: Running) -> None:
    jobs = engine.client.fine_tuning.jobs
    for ask in (jobs.retrieve, jobs.cancel, jobs.list_events, jobs.checkpoints.list):
        with pytest.raises(openai.NotFoundError):
            ask("ftjob-none")


def test_a_job_on_a_file_of_another_purpose_is_refused(engine: Running) -> None:
    file = engine.client.files.create(file=("a.jsonl", training_data()), purpose="user_data")
    with pytest.raises(openai.BadRequestError, match="purpose"):
        engine.client.fine_tuning.jobs.create(model="starter", training_file=file.id)


def test_a_broken_file_fails_the_job_with_line_and_column(engine: Running) -> None:
    file = engine.client.files.create(file=("a.jsonl", training_data() + b'{"prompt": }\n'), purpose="fine-tune")
    job = engine.client.fine_tuning.jobs.create(model="starter", training_file=file.id)
    failed = engine.wait(job.id)
    assert failed.status == "failed"
    assert (failed.error.code, failed.error.param) == ("invalid_file_format", "training_file")
    assert "Line 13, column 12" in failed.error.message
    assert engine.events(job.id)[-1].level == "error"


def test_estimated_finish_follows_the_measured_pace(engine: Running) -> None:
    job = engine.create("steps=40 pause=0.05")
    running = engine.wait(job.id, lambda job: job.status == "running" and job.estimated_finish)
    assert running.estimated_finish >= int(time.time()) - 1
    assert running.model_extra["tuneboard"]["state"] == "running"
    engine.client.fine_tuning.jobs.cancel(job.id)


def test_a_waiting_job_tells_its_place_and_when_it_will_start_and_end(engine: Running) -> None:
    blocking = engine.create("steps=1000 pause=0.02")
    engine.wait(blocking.id, lambda job: job.status == "running")
    waiting = [engine.create("steps=1").id for _ in range(2)]
    jobs = {job.id: job for job in engine.client.fine_tuning.jobs.list().data}
    first, second = (jobs[job_id].model_extra["tuneboard"] for job_id in waiting)
    assert (first["position"], second["position"]) == (1, 2)
    assert first["starts_at"] <= second["starts_at"] <= jobs[waiting[1]].estimated_finish
    for job_id in (blocking.id, *waiting):
        engine.client.fine_tuning.jobs.cancel(job_id)


def test_every_field_is_there_even_when_it_is_null(engine: Running) -> None:
    file_id = engine.upload("steps=1")
    raw = httpx2.post(
        f"{engine.url}/v1/fine_tuning/jobs", json={"model": "starter", "training_file": file_id}, headers=AUTH
    ).json()
    for name in ("error", "finished_at", "fine_tuned_model", "trained_tokens", "validation_file", "metadata"):
        assert raw[name] is None
    assert (raw["result_files"], raw["integrations"], raw["organization_id"]) == ([], [], "org-tuneboard")
    assert isinstance(raw["seed"], int)


def test_jobs_without_metadata_are_found_by_the_word_null(engine: Running) -> None:
    bare = engine.create("steps=1")
    engine.create("steps=1", metadata={"team": "a"})
    answer = httpx2.get(f"{engine.url}/v1/fine_tuning/jobs?metadata=null&limit=1000", headers=AUTH).json()
    assert bare.id in [job["id"] for job in answer["data"]]
    assert {job["metadata"] for job in answer["data"]} == {None}
    assert httpx2.get(f"{engine.url}/v1/fine_tuning/jobs?metadata=some", headers=AUTH).status_code == 400


def test_names_with_line_breaks_stay_on_one_line_of_the_log(engine: Running, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    evil = "a\n2026-01-01 INFO forged: line"
    file = engine.client.files.create(file=(evil, training_data("steps=1")), purpose="fine-tune")
    made = engine.client.fine_tuning.jobs.create(
        model="starter", training_file=file.id, suffix=evil, metadata={"k": evil}
    )
    assert "\n" not in engine.wait(made.id).fine_tuned_model
    with pytest.raises(openai.BadRequestError):
        engine.client.fine_tuning.jobs.create(model=evil, training_file=file.id)
    assert not [r for r in caplog.records if r.name.startswith("lib.") and "\n" in r.getMessage()]
