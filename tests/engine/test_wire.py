"""Every route, walked through every state of what it shows: each answer is held against the types of OpenAI's package.

The JSON is read as it came over the wire. Required fields must be there with the right type, fields that OpenAI's
document calls required but that may be null must be there all the same, and keys of our own are let through. The
walk goes through the SDK with `_strict_response_validation`, so that it reads each answer too.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import openai
import pytest
from openai.types import (
    Batch,
)
from openai.types.fine_tuning import FineTuningJob
from starlette.routing import Route

from lib.engine.app import Engine
from tests.engine.receiving import Receiver, receivers
from tests.engine.shapes import JOB, SHAPES, Wire, check, values
from tests.engine.support import (
    AUTH,
    ENDED,
    KEY,
    TRAINER,
    WORKER,
    Running,
    eventually,
    preference_data,
    run_here,
    training_data,
)


@pytest.fixture(scope="module")
def wire(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wire]:
    home = tmp_path_factory.mktemp("wire")
    made = Engine(home, api_key=KEY, trainer=TRAINER, worker=WORKER)
    for running in run_here(made, home, KEY):
        yield from walking(running, [route for route in made.app.routes if isinstance(route, Route)])


def walking(running: Running, routes: list[Route]) -> Iterator[Wire]:
    wire = Wire(running, routes)
    http = openai.DefaultHttpxClient(event_hooks={"response": [wire.note]})
    wire.client = openai.OpenAI(
        base_url=f"{running.url}/v1", api_key=KEY, max_retries=0, http_client=http, _strict_response_validation=True
    )
    with wire.client:
        yield wire


@pytest.fixture
def receive() -> Iterator[Callable[..., Receiver]]:
    yield from receivers()


def walk_files(client: openai.OpenAI) -> None:
    assert client.files.list().data == []
    good = client.files.create(file=("t.jsonl", training_data()), purpose="fine-tune")
    bad = client.files.create(file=("t.jsonl", b'{"prompt": 1}\n' * 12), purpose="fine-tune")
    expiring = client.files.create(
        file=("b.jsonl", b"{}\n"), purpose="batch", expires_after={"anchor": "created_at", "seconds": 3600}
    )
    assert (good.status, bad.status, bool(expiring.expires_at)) == ("processed", "error", True)
    for file in (good, bad, expiring):
        client.files.retrieve(file.id)
    client.files.list()
    client.files.list(purpose="batch")
    client.files.content(good.id)
    client.files.delete(bad.id)
    data = training_data()
    for last in ("complete", "cancel"):
        upload = client.uploads.create(filename="u.jsonl", purpose="fine-tune", bytes=len(data), mime_type="text/jsonl")
        part = client.uploads.parts.create(upload.id, data=data)
        if last == "cancel":
            client.uploads.cancel(upload.id)
        else:
            client.uploads.complete(upload.id, part_ids=[part.id])


def job(client: openai.OpenAI, plan: str, **options: Any) -> FineTuningJob:
    data = preference_data(plan) if "method" in options else training_data(plan)
    file = client.files.create(file=("t.jsonl", data), purpose="fine-tune")
    return client.fine_tuning.jobs.create(model="starter", training_file=file.id, **options)


def walk_jobs(wire: Wire) -> FineTuningJob:
    """Take jobs to every state; return one that succeeded."""
    jobs = wire.client.fine_tuning.jobs
    jobs.list()

    def reach(job_id: str, *wanted: str) -> FineTuningJob:
        return eventually(lambda: jobs.retrieve(job_id), lambda seen: seen.status in wanted)

    validation = wire.client.files.create(file=("v.jsonl", training_data()), purpose="fine-tune").id
    done = job(wire.client, "steps=4", validation_file=validation, metadata={"a": "b"}, suffix="s", seed=3)
    done = reach(done.id, *ENDED)
    assert done.status == "succeeded"
    wandb = {"type": "wandb", "wandb": {"project": "p"}}
    failed = job(wire.client, "error=1", integrations=[wandb])
    assert reach(failed.id, *ENDED).status == "failed"
    broken = wire.client.files.create(file=("t.jsonl", b'{"prompt": 1}\n' * 12), purpose="fine-tune").id
    invalid = jobs.create(model="starter", training_file=broken)
    assert reach(invalid.id, *ENDED).status == "failed"
    running = job(wire.client, "steps=1000 pause=0.05")
    reach(running.id, "running")
    dpo = {"type": "dpo", "dpo": {"hyperparameters": {"beta": 0.2}}}
    queued = jobs.create(
        model=done.fine_tuned_model or "",
        training_file=wire.client.files.create(file=("p.jsonl", preference_data()), purpose="fine-tune").id,
        method=dpo,
    )
    reach(queued.id, "queued")
    jobs.pause(running.id)
    jobs.retrieve(running.id)
    jobs.resume(running.id)
    jobs.pause(queued.id)
    jobs.list()
    for each in (running, queued):
        jobs.cancel(each.id)
        jobs.retrieve(each.id)
    for each in (done, failed, running):
        jobs.list_events(each.id)
        jobs.checkpoints.list(each.id)
    jobs.list(limit=2)
    jobs.list(extra_query={"metadata[a]": "b"})
    wire.client.files.content(done.result_files[0])
    return done


def walk_models(wire: Wire, done: FineTuningJob) -> str:
    """Return a tuned model that is still there."""
    model = done.fine_tuned_model or ""
    checkpoint = wire.client.fine_tuning.jobs.checkpoints.list(done.id).data[0].fine_tuned_model_checkpoint
    for each in ("starter", model, checkpoint):
        wire.client.models.retrieve(each)
    wire.client.models.list()
    permissions = wire.client.fine_tuning.checkpoints.permissions
    permissions.list(checkpoint)
    given = permissions.create(checkpoint, project_ids=["blue", "red"]).data[0]
    permissions.list(checkpoint)
    permissions.delete(given.id, fine_tuned_model_checkpoint=checkpoint)
    wire.client.models.delete(checkpoint)
    return model


def walk_answers(wire: Wire, model: str) -> None:
    text = {"model": model, "prompt": "some words here"}
    plain = wire.client.completions
    plain.create(**text)
    plain.create(**text, logprobs=2, n=2)
    wire.raw("/v1/completions", **text, logprobs=2, echo=True)
    plain.create(model=model, prompt=["one", "two"], max_tokens=1)
    for streamed in ({}, {"stream_options": {"include_usage": True}, "logprobs": 1, "n": 2}):
        wire.raw("/v1/completions", **text, stream=True, **streamed)
    function = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}
    asked = {"model": model, "messages": [{"role": "user", "content": "some words here"}]}
    for options in (
        {},
        {"logprobs": True, "top_logprobs": 1, "n": 2},
        {"max_tokens": 1},
        {"tools": [function], "tool_choice": "required"},
        {"tools": [function], "tool_choice": {"type": "function", "function": {"name": "f"}}},
        {"response_format": {"type": "json_object"}},
    ):
        wire.client.chat.completions.create(**asked, **options)
        for usage in (False, True):
            told = {"stream_options": {"include_usage": True}} if usage else {}
            list(wire.client.chat.completions.create(**asked, **options, **told, stream=True))


def walk_batches(wire: Wire, model: str) -> None:
    batches = wire.client.batches
    batches.list()

    def begin(*prompts: str) -> Batch:
        lines = [
            {
                "custom_id": str(number),
                "method": "POST",
                "url": "/v1/completions",
                "body": {"model": model, "prompt": prompt, "max_tokens": 60},
            }
            for number, prompt in enumerate(prompts)
        ]
        data = b"".join(json.dumps(line).encode() + b"\n" for line in lines) or b"no JSON\n"
        file = wire.client.files.create(file=("b.jsonl", data), purpose="batch").id
        return batches.create(input_file_id=file, endpoint="/v1/completions", completion_window="24h")

    def reach(batch: Batch, *wanted: str) -> Batch:
        return eventually(lambda: batches.retrieve(batch.id), lambda seen: seen.status in wanted)

    done = reach(begin("hello", "huge prompt"), "completed")
    assert (bool(done.output_file_id), bool(done.error_file_id)) == (True, True)
    assert reach(begin(), "failed").errors
    slow = begin("slow words")
    reach(slow, "in_progress")
    batches.cancel(slow.id)
    reach(slow, "cancelled")
    batches.list()


def walk_hooks(wire: Wire, url: str) -> None:
    hooks = wire.client.webhooks
    hooks.list()
    made = hooks.create(event_types=["batch.completed"], name="ours", url=url)
    hooks.retrieve(made.id)
    hooks.update(made.id, name="theirs")
    hooks.rotate_secret(made.id)
    hooks.test(made.id, event_type="batch.completed")
    hooks.list()
    hooks.event_types.list()
    hooks.delete(made.id)


def methods(route: Route) -> set[str]:
    return (route.methods or set()) - {"HEAD"}


def walk_refusals(wire: Wire) -> None:
    """Ask each route for what is not there, and without a body where it takes one."""
    for route in wire.routes:
        spelled = "/".join("none" if part.startswith("{") else part for part in route.path.split("/"))
        for method in methods(route):
            if spelled != route.path or method == "POST":
                wire.note(httpx2.request(method, wire.running.url + spelled, headers=AUTH))


async def walk_async(wire: Wire, model: str) -> None:
    http = openai.DefaultAsyncHttpxClient(event_hooks={"response": [wire.note_soon]})
    async with openai.AsyncOpenAI(
        base_url=f"{wire.running.url}/v1", api_key=KEY, http_client=http, _strict_response_validation=True
    ) as client:
        found = [each async for each in client.fine_tuning.jobs.list(limit=2)]
        assert len(found) > 2
        asked = {"model": model, "messages": [{"role": "user", "content": "hello there"}]}
        whole, stream = await asyncio.gather(
            client.chat.completions.create(**asked), client.chat.completions.create(**asked, stream=True)
        )
        streamed = [chunk async for chunk in stream]
        text = "".join(chunk.choices[0].delta.content or "" for chunk in streamed)
        assert text == whole.choices[0].message.content


def test_every_answer_of_every_route_has_the_shape_of_openais(wire: Wire, receive: Callable[..., Receiver]) -> None:
    wire.note(httpx2.get(f"{wire.running.url}/healthz"))
    walk_files(wire.client)
    done = walk_jobs(wire)
    model = walk_models(wire, done)
    walk_answers(wire, model)
    walk_batches(wire, model)
    walk_hooks(wire, receive().url)
    asyncio.run(walk_async(wire, model))
    walk_refusals(wire)
    there = {(method, route.path) for route in wire.routes for method in methods(route)}
    assert set(SHAPES) == there, "a route without a type to hold it against"
    assert there == {seen.route for seen in wire.seen if seen.status == 200}, "a route that nothing walked"
    for seen in wire.seen:
        for kind, value in values(seen):
            check(kind, value)
    jobs = [json.loads(s.body) for s in wire.seen if s.route == ("GET", JOB) and s.status == 200]
    assert {each["status"] for each in jobs} >= {"queued", "running", "succeeded", "failed", "cancelled"}
    assert "paused" in {each["tuneboard"]["state"] for each in jobs}
