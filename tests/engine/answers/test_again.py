"""A question asked twice under one `Idempotency-Key` is answered once, and the answer is given again."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest

from lib.engine.answers import again
from lib.engine.door.keys import add_key
from lib.engine.store import Store
from lib.engine.tables import now
from tests.engine.support import AUTH, Running

CHAT = {"messages": [{"role": "user", "content": "some words"}]}


def ask(engine: Running, key: str, path: str = "/v1/completions", **body: Any) -> httpx2.Response:
    headers = AUTH | {"Idempotency-Key": key}
    return httpx2.post(engine.url + path, json=body, headers=headers, timeout=30)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("path", "body"), [("/v1/completions", {"prompt": "some words"}), ("/v1/chat/completions", CHAT)]
)
def test_an_answer_is_given_again_as_it_was(
    engine: Running, model: str, path: str, body: dict[str, Any], stream: bool
) -> None:
    told = [ask(engine, f"again {stream}", path, model=model, stream=stream, **body) for _ in range(2)]
    assert [answer.status_code for answer in told] == [200, 200]
    assert told[0].content == told[1].content
    assert told[0].headers["content-type"] == told[1].headers["content-type"]
    assert b"some " in told[0].content
    without_key = httpx2.post(engine.url + path, json={"model": model, "stream": stream, **body}, headers=AUTH)
    assert without_key.content != told[0].content, "its id is another"


def test_copies_that_arrive_together_are_answered_once(engine: Running, model: str) -> None:
    def send(_: int) -> httpx2.Response:
        return ask(engine, "together", model=model, prompt="slow", max_tokens=6)

    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(send, range(8)))
    assert sorted({answer.status_code for answer in told}) == [200, 429]
    assert {answer.headers["retry-after"] for answer in told if answer.status_code == 429} == {"2"}
    whole = {answer.content for answer in told if answer.status_code == 200} | {send(0).content}
    assert len(whole) == 1


def test_a_key_is_not_taken_for_another_question(engine: Running, model: str) -> None:
    assert ask(engine, "one key", model=model, prompt="a").status_code == 200
    other = ask(engine, "one key", model=model, prompt="b")
    assert (other.status_code, other.json()["error"]["code"]) == (400, "idempotency_key_reused")


@pytest.mark.parametrize(("prompt", "stream"), [("huge", False), ("huge", True), ("a b break", True)])
def test_what_was_refused_or_broke_off_leaves_its_key_free(
    engine: Running, model: str, prompt: str, stream: bool
) -> None:
    key = f"free {prompt} {stream}"
    ask(engine, key, model=model, prompt=prompt, stream=stream)
    assert ask(engine, key, model=model, prompt="good").status_code == 200


def test_who_left_a_stream_may_ask_again(engine: Running, model: str) -> None:
    body = {"model": model, "prompt": "slow", "max_tokens": 100, "stream": True}
    headers = AUTH | {"Idempotency-Key": "left"}
    with httpx2.stream("POST", f"{engine.url}/v1/completions", json=body, headers=headers) as stream:
        next(stream.iter_lines())
    told = ask(engine, "left", model=model, prompt="good")
    while told.status_code == 429:
        told = ask(engine, "left", model=model, prompt="good")
    assert told.status_code == 200


@pytest.fixture
def blue(engine: Running) -> dict[str, str]:
    store = Store(engine.home / "engine.db")
    with store.writing() as session:
        key = add_key(session, "blue", "")[1]
    store.close()
    return {"Authorization": f"Bearer {key}", "Idempotency-Key": "shared"}


def test_a_key_is_one_projects_own(engine: Running, model: str, blue: dict[str, str]) -> None:
    body = {"model": model, "prompt": "a"}
    assert ask(engine, "shared", **body).status_code == 200
    assert httpx2.post(f"{engine.url}/v1/completions", json=body, headers=blue).status_code == 404


def test_only_so_many_answers_of_so_many_bytes_are_kept(
    engine: Running, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = {"model": model, "prompt": "a"}
    with monkeypatch.context() as patch:
        patch.setattr(again, "MOST_BYTES", 100)
        assert len({ask(engine, "too long", **body).content for _ in range(2)}) == 2
    monkeypatch.setattr(again, "MOST_KEPT", 1)
    first = ask(engine, "first", **body).content
    monkeypatch.setattr("lib.engine.idempotency.now", lambda: now() + 10)
    ask(engine, "second", **body)
    monkeypatch.undo()
    assert ask(engine, "first", **body).content != first
