"""Batches, driven by the SDK: what they answer, refuse, and keep when the engine dies."""

from __future__ import annotations

import json
import resource
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

import openai
import pytest
from openai.types import Batch

from tests.engine.support import Process, Running, eventually

CHAT, PLAIN = "/v1/chat/completions", "/v1/completions"
ENDED = ("failed", "completed", "expired", "cancelled")


@pytest.fixture(scope="module")
def model(engine: Running) -> str:
    return engine.wait(engine.create("steps=2").id).fine_tuned_model


def ask(model: str, name: str, prompt: str = "hello there", **body: object) -> dict[str, Any]:
    return {
        "custom_id": name,
        "method": "POST",
        "url": PLAIN,
        "body": {"model": model, "prompt": prompt, "max_tokens": 10, **body},
    }


def ask_chat(model: str, name: str, text: str) -> dict[str, Any]:
    body = {"model": model, "messages": [{"role": "user", "content": text}]}
    return {"custom_id": name, "method": "POST", "url": CHAT, "body": body}


def begin(engine: Running, *lines: object, endpoint: str = PLAIN, **fields: Any) -> Batch:
    data = b"".join(line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n" for line in lines)
    file = engine.client.files.create(file=("batch.jsonl", data), purpose="batch")
    return engine.client.batches.create(input_file_id=file.id, endpoint=endpoint, completion_window="24h", **fields)


def wait(engine: Running, batch: Batch, reached: Callable[[Batch], Any] = lambda b: b.status in ENDED) -> Batch:
    return eventually(lambda: engine.client.batches.retrieve(batch.id), reached)


def lines_of(engine: Running, file_id: str | None) -> dict[str, dict[str, Any]]:
    assert file_id
    lines = [json.loads(line) for line in engine.client.files.content(file_id).read().splitlines()]
    assert len({line["custom_id"] for line in lines}) == len(lines)
    return {line["custom_id"]: line for line in lines}


def run(engine: Running, *lines: object, **fields: Any) -> Batch:
    return wait(engine, begin(engine, *lines, **fields))


def test_a_batch_answers_each_line_and_counts(engine: Running, model: str) -> None:
    policy = {"anchor": "created_at", "seconds": 7200}
    asked = [ask_chat(model, f"q{n}", f"number {n}") for n in range(20)]
    made = begin(engine, *asked, endpoint=CHAT, metadata={"who": "me"}, output_expires_after=policy)
    assert (made.status, made.endpoint, made.metadata) == ("validating", CHAT, {"who": "me"})
    assert made.expires_at == made.created_at + 24 * 3600
    batch = wait(engine, made)
    assert (batch.status, batch.model, batch.error_file_id, batch.errors) == ("completed", model, None, None)
    assert batch.request_counts.model_dump() == {"total": 20, "completed": 20, "failed": 0}
    assert batch.created_at <= batch.in_progress_at <= batch.finalizing_at <= batch.completed_at
    answers = lines_of(engine, batch.output_file_id)
    assert set(answers) == {f"q{n}" for n in range(20)}
    answer = answers["q7"]
    assert answer["id"].startswith("batch_req_")
    assert answer["error"] is None
    assert answer["response"]["status_code"] == 200
    assert answer["response"]["request_id"].startswith("req_")
    completion = openai.types.chat.ChatCompletion.model_validate(answer["response"]["body"])
    assert completion.choices[0].message.content == "number 7 "
    tokens = [line["response"]["body"]["usage"] for line in answers.values()]
    assert batch.usage.input_tokens == sum(usage["prompt_tokens"] for usage in tokens)
    assert batch.usage.total_tokens == sum(usage["total_tokens"] for usage in tokens)
    output = engine.client.files.retrieve(batch.output_file_id)
    assert (output.purpose, output.expires_at) == ("batch_output", output.created_at + 7200)


def test_refused_requests_have_their_own_file(engine: Running, model: str) -> None:
    refused = {"hot": {"temperature": 9}, "streamed": {"stream": True}, "odd": {"colour": "red"}, "long": {}}
    lines = [ask(model, name, "huge" if name == "long" else "hi", **body) for name, body in refused.items()]
    batch = run(engine, ask(model, "good"), *lines)
    assert batch.status == "completed"
    assert batch.request_counts.model_dump() == {"total": 5, "completed": 1, "failed": 4}
    assert set(lines_of(engine, batch.output_file_id)) == {"good"}
    errors = lines_of(engine, batch.error_file_id)
    assert set(errors) == set(refused)
    for line in errors.values():
        assert line["response"]["status_code"] == 400
        assert line["error"] is None
    assert errors["odd"]["response"]["body"]["error"]["param"] == "colour"
    assert errors["long"]["response"]["body"]["error"]["code"] == "context_length_exceeded"


def test_a_request_that_fails_through_our_fault_is_tried_again_and_then_told(engine: Running, model: str) -> None:
    batch = run(engine, ask(model, "broken", "please break now"), ask(model, "good"))
    assert batch.request_counts.model_dump() == {"total": 2, "completed": 1, "failed": 1}
    assert lines_of(engine, batch.error_file_id)["broken"]["response"]["status_code"] == 500


@pytest.mark.parametrize(
    ("line", "code", "param"),
    [
        (b"{\n", "invalid_json_line", None),
        (b"[]\n", "invalid_json_line", None),
        ({"custom_id": None}, "missing_required_parameter", "custom_id"),
        ({"custom_id": 7}, "invalid_custom_id", "custom_id"),
        ({"custom_id": "first"}, "duplicate_custom_id", "custom_id"),
        ({"method": "GET"}, "invalid_method", "method"),
        ({"url": CHAT}, "url_mismatch", "url"),
        ({"body": None}, "missing_required_parameter", "body"),
        ({"body": "text"}, "invalid_body", "body"),
        ({"body": {}}, "missing_required_parameter", "body.model"),
        ({"body": {"model": "another"}}, "model_mismatch", "body.model"),
    ],
)
def test_a_file_with_a_bad_line_fails_the_batch_and_names_it(
    engine: Running, model: str, line: Any, code: str, param: str | None
) -> None:
    bad = line if isinstance(line, bytes) else ask(model, "second") | line
    batch = run(engine, ask(model, "first"), b"\n", bad, ask(model, "third"))
    assert batch.status == "failed"
    assert batch.failed_at
    assert batch.errors
    assert [(error.code, error.param, error.line) for error in batch.errors.data or []] == [(code, param, 3)]
    assert batch.request_counts.total == 0


def test_an_unknown_model_and_an_empty_file_fail_the_batch(engine: Running) -> None:
    unknown = run(engine, ask("nobody", "a"))
    assert [error.code for error in unknown.errors.data] == ["model_not_found"]
    empty = run(engine, b"\n\n")
    assert [(error.code, error.line) for error in empty.errors.data] == [("empty_file", None)]


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"endpoint": "/v1/embeddings"}, "endpoint"),
        ({"completion_window": "1h"}, "completion_window"),
        ({"input_file_id": "file-x"}, "input_file_id"),
        ({"metadata": {"a": "b" * 600}}, "metadata.a"),
        ({"output_expires_after": {"anchor": "created_at", "seconds": 1}}, "output_expires_after.seconds"),
    ],
)
def test_a_batch_that_cannot_be_is_refused_by_name(engine: Running, fields: dict, param: str) -> None:
    file = engine.client.files.create(file=("a", b"{}"), purpose="batch")
    good = {"input_file_id": file.id, "endpoint": PLAIN, "completion_window": "24h"}
    with pytest.raises(openai.BadRequestError) as refused:
        engine.client.batches.create(**good | fields)
    assert refused.value.param == param


def test_a_training_file_is_no_batch(engine: Running) -> None:
    with pytest.raises(openai.BadRequestError, match="purpose") as refused:
        engine.client.batches.create(input_file_id=engine.upload(), endpoint=PLAIN, completion_window="24h")
    assert refused.value.code == "invalid_file_purpose"


def test_a_cancelled_batch_keeps_what_is_answered(engine: Running, model: str) -> None:
    slow = [ask(model, f"slow{n}", "slow words", max_tokens=300) for n in range(6)]
    batch = begin(engine, *[ask(model, f"quick{n}") for n in range(3)], *slow)
    wait(engine, batch, lambda seen: seen.request_counts.completed == 3)
    assert engine.client.batches.cancel(batch.id).status in ("cancelling", "cancelled")
    done = wait(engine, batch)
    assert (done.status, bool(done.cancelled_at), bool(done.cancelling_at)) == ("cancelled", True, True)
    assert done.request_counts.model_dump() == {"total": 9, "completed": 3, "failed": 6}
    assert set(lines_of(engine, done.output_file_id)) == {"quick0", "quick1", "quick2"}
    errors = lines_of(engine, done.error_file_id)
    assert {(line["response"], line["error"]["code"]) for line in errors.values()} == {(None, "batch_cancelled")}
    assert engine.client.batches.cancel(batch.id).status == "cancelled"


def test_a_batch_that_has_ended_cannot_be_cancelled(engine: Running, model: str) -> None:
    batch = run(engine, ask(model, "a"))
    with pytest.raises(openai.BadRequestError, match="completed"):
        engine.client.batches.cancel(batch.id)
    with pytest.raises(openai.NotFoundError):
        engine.client.batches.cancel("batch_x")
    with pytest.raises(openai.NotFoundError):
        engine.client.batches.retrieve("batch_x")


def test_batches_are_listed_newest_first_and_a_key_makes_one(engine: Running, model: str) -> None:
    headers = {"Idempotency-Key": "one-batch"}
    file = engine.client.files.create(
        file=("a", json.dumps(ask(model, "a")).encode()), purpose="batch", extra_headers=headers
    )
    made = [
        engine.client.batches.create(
            input_file_id=file.id, endpoint=PLAIN, completion_window="24h", extra_headers=headers
        )
        for _ in range(2)
    ]
    assert made[0] == made[1]
    newer = begin(engine, ask(model, "a"))
    page = engine.client.batches.list(limit=2)
    assert [batch.id for batch in page.data] == [newer.id, made[0].id]
    assert [batch.id for batch in engine.client.batches.list(limit=1, after=newer.id).data] == [made[0].id]


def test_the_file_may_be_deleted_once_the_batch_has_begun(engine: Running, model: str) -> None:
    batch = begin(engine, *[ask(model, f"slow{n}", "slow", max_tokens=10) for n in range(6)])
    wait(engine, batch, lambda seen: seen.status == "in_progress")
    engine.client.files.delete(batch.input_file_id)
    assert wait(engine, batch).request_counts.completed == 6
    eventually(lambda: list((engine.home / "batches").iterdir()), lambda left: left == [])


def test_a_client_does_not_wait_behind_a_batch(engine: Running, model: str) -> None:
    batch = begin(engine, *[ask(model, f"slow{n}", "slow words", max_tokens=300) for n in range(50)])
    wait(engine, batch, lambda seen: seen.status == "in_progress")
    assert engine.client.completions.create(model=model, prompt="quick").choices[0].text
    assert engine.client.batches.retrieve(batch.id).status == "in_progress"
    engine.client.batches.cancel(batch.id)
    wait(engine, batch)


@pytest.mark.parametrize("end", ["completed", "failed", "cancelled"])
def test_whoever_asked_is_told_how_a_batch_ended(engine: Running, model: str, end: str) -> None:
    hook = engine.client.webhooks.create(event_types=[f"batch.{end}"], name="me", url="http://127.0.0.1:9/")  # type: ignore[arg-type]
    batch = begin(
        engine, ask(model, "a", "slow words", max_tokens=300 if end == "cancelled" else 1), *["x"] * (end == "failed")
    )
    if end == "cancelled":
        engine.client.batches.cancel(batch.id)
    assert wait(engine, batch).status == end
    with closing(sqlite3.connect(engine.home / "engine.db")) as connection:
        told = connection.execute("SELECT event FROM deliveries WHERE hook_id = ?", (hook.id,)).fetchall()
    assert [(event["type"], event["data"]) for (text,) in told if (event := json.loads(text))] == [
        (f"batch.{end}", {"id": batch.id})
    ]
    engine.client.webhooks.delete(hook.id)


def tuned(engine: Process) -> str:
    return engine.wait(engine.create("steps=2").id).fine_tuned_model


def many(engine: Process, count: int) -> Batch:
    model = tuned(engine)
    return begin(engine, *[ask(model, f"n{n}", "slow word", max_tokens=6) for n in range(count)])


@pytest.mark.slow
def test_a_killed_engine_goes_on_where_it_was_and_asks_nothing_twice(start: Callable[[], Process]) -> None:
    engine = start()
    batch = many(engine, 30)
    log = engine.home / "batches" / batch.id / "output.jsonl"
    eventually(lambda: log.read_bytes().count(b"\n") if log.exists() else 0, lambda count: count >= 8)
    engine.kill()
    before = {line["custom_id"]: line for line in map(json.loads, log.read_bytes().splitlines())}
    with log.open("ab") as file:
        file.write(b'{"id": "half')
    again = start()
    done = wait(again, batch)
    assert done.status == "completed"
    assert done.request_counts.model_dump() == {"total": 30, "completed": 30, "failed": 0}
    answers = lines_of(again, done.output_file_id)
    assert len(answers) == 30
    assert {name: answers[name] for name in before} == before
    assert done.usage.output_tokens == 30 * 6


@pytest.mark.slow
def test_a_batch_whose_time_is_up_ends_with_what_is_done(start: Callable[[], Process]) -> None:
    engine = start()
    batch = many(engine, 30)
    wait(engine, batch, lambda seen: seen.request_counts.completed >= 4)
    engine.kill()
    with sqlite3.connect(engine.home / "engine.db") as connection:
        connection.execute("UPDATE batches SET expires_at = 1")
    connection.close()
    again = start()
    done = wait(again, batch)
    assert (done.status, bool(done.expired_at)) == ("expired", True)
    answered, missed = lines_of(again, done.output_file_id), lines_of(again, done.error_file_id)
    assert len(answered) + len(missed) == 30
    assert {line["error"]["code"] for line in missed.values()} == {"batch_expired"}


@pytest.mark.slow
def test_a_batch_waits_while_the_disk_is_full(start: Callable[[], Process]) -> None:
    engine = start()
    batch = many(engine, 30)
    log = engine.home / "batches" / batch.id / "output.jsonl"
    eventually(lambda: log.exists() and log.stat().st_size, bool)
    most = log.stat().st_size + 100
    resource.prlimit(engine.process.pid, resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))
    time.sleep(1)  # several answers come meanwhile and find no room
    full = log.read_bytes()
    resource.prlimit(engine.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    done = wait(engine, batch)
    assert done.request_counts.model_dump() == {"total": 30, "completed": 30, "failed": 0}
    assert len(lines_of(engine, done.output_file_id)) == 30
    assert engine.client.files.content(done.output_file_id).read().startswith(full)
    assert full.endswith(b"\n")
