"""Completions and chats over the wire, whole and streamed, with a worker that repeats what it is told."""

from __future__ import annotations

import json
import socket
from urllib.parse import urlsplit

import httpx2
import openai
import pytest
from openai import OpenAI

from tests.engine.support import AUTH, KEY, Running, eventually


def test_a_completion_goes_on_from_the_prompt(engine: Running, model: str) -> None:
    answer = engine.client.completions.create(model=model, prompt="one two three")
    assert answer.choices[0].text == "one two three "
    assert answer.choices[0].finish_reason == "stop"
    assert (answer.id[:5], answer.model) == ("cmpl-", model)
    assert answer.usage
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens, answer.usage.total_tokens) == (3, 3, 6)


def test_a_completion_without_a_limit_ends_after_sixteen_tokens_as_openais_does(engine: Running, model: str) -> None:
    answer = engine.client.completions.create(model=model, prompt="a " * 30)
    assert answer.choices[0].finish_reason == "length"
    assert answer.usage
    assert answer.usage.completion_tokens == 16


def test_several_prompts_and_answers_are_numbered_in_order(engine: Running, model: str) -> None:
    answer = engine.client.completions.create(model=model, prompt=["one", "two"], n=2)
    assert [(c.index, c.text) for c in answer.choices] == [(0, "one "), (1, "one "), (2, "two "), (3, "two ")]


def test_a_chat_is_answered(engine: Running, model: str) -> None:
    messages = [
        {"role": "developer", "content": "short"},
        {"role": "user", "content": [{"type": "text", "text": "hi"}]},
    ]
    answer = engine.client.chat.completions.create(model=model, messages=messages, max_completion_tokens=5)
    choice = answer.choices[0]
    assert (choice.message.role, choice.message.content, choice.message.refusal) == ("assistant", "hi ", None)
    assert choice.finish_reason == "stop"
    assert answer.system_fingerprint


def test_a_streamed_completion_arrives_in_pieces_with_its_usage_last(lax: OpenAI, model: str) -> None:
    chunks = list(
        lax.completions.create(model=model, prompt="a b c", stream=True, stream_options={"include_usage": True})
    )
    assert [c.choices[0].text for c in chunks[:-1]] == ["a ", "b ", "c ", ""]
    assert [c.choices[0].finish_reason for c in chunks[:-1]] == [None, None, None, "stop"]
    assert chunks[-1].choices == []
    assert chunks[-1].usage.completion_tokens == 3
    assert len({c.id for c in chunks}) == 1


def test_a_streamed_chat_says_who_speaks_first(engine: Running, model: str) -> None:
    messages = [{"role": "user", "content": "a b"}]
    chunks = list(engine.client.chat.completions.create(model=model, messages=messages, stream=True, n=2))
    roles = [c.choices[0].delta.role for c in chunks if c.choices[0].delta.role]
    assert roles == ["assistant", "assistant"]
    for index in (0, 1):
        mine = [c.choices[0] for c in chunks if c.choices[0].index == index]
        assert "".join(c.delta.content or "" for c in mine) == "a b "
        assert mine[-1].finish_reason == "stop"


def test_a_stream_ends_with_done(engine: Running, model: str) -> None:
    body = {"model": model, "prompt": "a", "stream": True}
    answer = httpx2.post(f"{engine.url}/v1/completions", json=body, headers=AUTH)
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.text.endswith("data: [DONE]\n\n")


def test_a_model_that_loads_slowly_still_streams(lax: OpenAI, model: str) -> None:
    chunks = list(lax.completions.create(model=model, prompt="late a", stream=True))
    assert "".join(c.choices[0].text for c in chunks) == "late a "


@pytest.mark.parametrize("stream", [False, True])
def test_a_prompt_that_is_too_long_is_refused_with_a_status(engine: Running, model: str, stream: bool) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        engine.client.completions.create(model=model, prompt="huge", stream=stream)
    assert refused.value.code == "context_length_exceeded"


def test_a_failure_midway_is_an_error_chunk_after_the_text(lax: OpenAI, model: str) -> None:
    stream = lax.completions.create(model=model, prompt="a b break", stream=True)
    assert [next(stream).choices[0].text for _ in range(2)] == ["a ", "b "]
    with pytest.raises(openai.APIError, match="The model failed"):
        next(stream)


def test_a_worker_that_dies_breaks_its_streams_and_is_started_again(engine: Running, lax: OpenAI, model: str) -> None:
    with pytest.raises(openai.APIError, match="ended unexpectedly"):
        list(lax.completions.create(model=model, prompt="a b die", stream=True))
    with pytest.raises(openai.InternalServerError):
        engine.client.completions.create(model=model, prompt="a b die")
    assert engine.client.completions.create(model=model, prompt="back again").choices[0].text == "back again "


def cancelled(engine: Running) -> set[str]:
    return {line for path in (engine.home / "jobs").rglob("cancelled") for line in path.read_text().split()}


def test_a_reader_who_leaves_stops_the_writing(engine: Running, lax: OpenAI, model: str) -> None:
    before = cancelled(engine)
    stream = lax.completions.create(model=model, prompt="slow", max_tokens=1000, stream=True)
    next(iter(stream))
    stream.close()
    eventually(lambda: cancelled(engine), lambda found: len(found) == len(before) + 1)


def test_a_client_that_hangs_up_while_it_waits_stops_the_writing(engine: Running, model: str) -> None:
    before = cancelled(engine)
    address = urlsplit(engine.url)
    body = json.dumps({"model": model, "prompt": "slow", "max_tokens": 1000}).encode()
    head = f"POST /v1/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {KEY}\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    with socket.create_connection((address.hostname, address.port)) as connection:
        connection.sendall(head.encode() + body)
        started = httpx2.get(f"{engine.url}/healthz")
        assert started.status_code == 200
    eventually(lambda: cancelled(engine), lambda found: len(found) == len(before) + 1)


def test_the_untrained_starter_says_that_it_cannot_be_asked(engine: Running) -> None:
    with pytest.raises(openai.BadRequestError, match="tune it first") as refused:
        engine.client.completions.create(model="starter", prompt="hi")
    assert refused.value.param == "model"


def test_an_unknown_model_is_not_found(engine: Running) -> None:
    with pytest.raises(openai.NotFoundError) as refused:
        engine.client.chat.completions.create(model="ft:none", messages=[{"role": "user", "content": "hi"}])
    assert refused.value.code == "model_not_found"


def test_a_checkpoint_can_be_asked_like_a_model(engine: Running, model: str) -> None:
    answer = engine.client.completions.create(model=f"{model}:ckpt-step-2", prompt="hi")
    assert answer.choices[0].text == "hi "


def test_the_fields_of_an_answer_that_may_be_null_are_there_all_the_same(engine: Running, model: str) -> None:
    body = {"model": model, "messages": [{"role": "user", "content": "hi"}]}
    answer = httpx2.post(f"{engine.url}/v1/chat/completions", json=body, headers=AUTH).json()
    assert {"refusal", "content", "annotations"} <= set(answer["choices"][0]["message"])
    assert {"logprobs", "finish_reason"} <= set(answer["choices"][0])
    assert {"prompt_tokens_details", "completion_tokens_details"} <= set(answer["usage"])


@pytest.mark.parametrize("path", ["/v1/embeddings", "/v1/responses", "/v1/moderations", "/v1/audio/speech"])
def test_what_the_engine_does_not_offer_is_not_found(engine: Running, path: str) -> None:
    answer = httpx2.post(f"{engine.url}{path}", json={"model": "m", "input": "hi"}, headers=AUTH)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "unknown_url")
    assert "This engine offers" in answer.json()["error"]["message"]
    without = httpx2.post(f"{engine.url}/chat/completions", json={}, headers=AUTH)
    assert (without.status_code, "'/v1/'" in without.json()["error"]["message"]) == (404, True)


@pytest.mark.parametrize("path", ["/v1/completions", "/v1/chat/completions"])
def test_a_wrong_method_or_content_type_is_refused_with_its_status(engine: Running, path: str) -> None:
    assert httpx2.get(f"{engine.url}{path}", headers=AUTH).status_code == 405
    answer = httpx2.post(f"{engine.url}{path}", content="model=m", headers=AUTH)
    assert (answer.status_code, answer.json()["error"]["type"]) == (415, "invalid_request_error")
