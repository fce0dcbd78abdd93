"""Answers arrive piece by piece, are measured, and say when they are cut."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import SecretStr

from lib.inference import cold
from lib.inference.answer import Answer, Sampling, stream
from lib.inference.prompting import Prepared, Turn
from lib.providers.client import close_clients
from lib.providers.connections import Connection
from lib.providers.errors import (
    BackendError,
    EngineDown,
    NotAnApi,
    NotFound,
    RateLimited,
    StillLoading,
    StreamBroken,
)
from tests.fake_service import Service, running

ASKED = Prepared("completion", prompt="唐 ->", stop=("###",))
TALK = Prepared("chat", messages=(Turn(role="user", content="Hello"),))
DONE = b"data: [DONE]\n\n"


@pytest.fixture
def service() -> Iterator[Service]:
    with running() as served:
        yield served
        close_clients()


@pytest.fixture
def at(service: Service) -> Connection:
    return Connection("engine", "engine", "Fake", service.url, SecretStr("key"))


def event(record: Any) -> bytes:
    return f"data: {json.dumps(record, ensure_ascii=False)}\n\n".encode()


def text(piece: str, finish: str | None = None) -> bytes:
    return event({"id": "c", "choices": [{"index": 0, "text": piece, "finish_reason": finish}]})


def said(piece: str, finish: str | None = None) -> bytes:
    return event({"id": "c", "choices": [{"index": 0, "delta": {"content": piece}, "finish_reason": finish}]})


USAGE = event({"id": "c", "choices": [], "usage": {"prompt_tokens": 4, "completion_tokens": 9, "total_tokens": 13}})


def ask(at: Connection, prepared: Prepared = ASKED, sampling: Sampling | None = None) -> tuple[list[str], Answer]:
    answer = Answer()
    return list(stream(at, "ft:starter", prepared, sampling or Sampling(), answer)), answer


def test_a_completion_arrives_in_pieces_with_its_figures(service: Service, at: Connection) -> None:
    service.chunks = [text("从"), text("前"), text("", "stop"), USAGE, DONE]
    pieces, answer = ask(at, sampling=Sampling(temperature=0.5, top_p=0.9, max_tokens=7, seed=3))
    assert (pieces, answer.text, answer.finish_reason) == (["从", "前"], "从前", "stop")
    assert (answer.tokens, answer.prompt_tokens, answer.interrupted, answer.error) == (9, 4, False, None)
    assert answer.first_token_s is not None
    sent = service.asked[0]
    assert (sent["prompt"], sent["stop"], sent["stream"]) == ("唐 ->", ["###"], True)
    assert (sent["temperature"], sent["top_p"], sent["max_tokens"], sent["seed"]) == (0.5, 0.9, 7, 3)


def test_a_chat_arrives_in_pieces(service: Service, at: Connection) -> None:
    service.chunks = [said("Hel"), said("lo"), said("", "length"), DONE]
    pieces, answer = ask(at, TALK)
    assert (pieces, answer.finish_reason, answer.tokens) == (["Hel", "lo"], "length", 2)
    assert service.asked[0]["messages"] == [{"role": "user", "content": "Hello"}]
    assert "stop" not in service.asked[0]
    assert "seed" not in service.asked[0]


def test_a_stream_that_ends_early_is_interrupted_and_keeps_its_text(service: Service, at: Connection) -> None:
    service.chunks = [text("half"), text(" of")]
    pieces, answer = ask(at)
    assert (pieces, answer.interrupted, answer.error) == (["half", " of"], True, None)


def test_an_error_in_the_middle_keeps_the_text_and_says_why(service: Service, at: Connection) -> None:
    service.chunks = [text("half"), event({"error": {"message": "out of memory", "code": "oops"}})]
    pieces, answer = ask(at)
    assert (pieces, answer.interrupted) == (["half"], True)
    assert isinstance(answer.error, StreamBroken)
    assert "out of memory" in str(answer.error)


def test_broken_json_in_the_stream_is_an_error_of_ours(service: Service, at: Connection) -> None:
    service.chunks = [text("half"), b"data: <html>\n\n"]
    assert isinstance(ask(at)[1].error, NotAnApi)


@pytest.mark.parametrize("odd", [b": keep-alive\n\n", b'data: {"choices": []}\n\n', b'data: {"choices": null}\n\n'])
def test_chunks_without_text_are_passed_over(service: Service, at: Connection, odd: bytes) -> None:
    service.chunks = [odd, text("a"), odd, text("", "stop"), DONE]
    assert ask(at)[0] == ["a"]


def test_a_model_that_is_not_there_leaves_its_error_and_nothing_is_retried(service: Service, at: Connection) -> None:
    service.fault("POST", "/completions$", status=404, body='{"error": {"message": "no such model"}}')
    pieces, answer = ask(at)
    assert (pieces, answer.interrupted) == ([], False)
    assert isinstance(answer.error, NotFound)
    assert len(service.requests) == 1


def test_a_reset_leaves_an_error(service: Service, at: Connection) -> None:
    service.fault("POST", "/completions$", reset=True)
    assert isinstance(ask(at)[1].error, BackendError)


def test_an_engine_that_is_down_leaves_an_error() -> None:
    down = Connection("engine", "engine", "Engine", "", SecretStr(""))
    assert isinstance(ask(down)[1].error, EngineDown)


def test_a_reader_who_leaves_closes_the_stream(service: Service, at: Connection) -> None:
    service.chunks = [text(str(n)) for n in range(1000)]
    answer = Answer()
    pieces = stream(at, "m", ASKED, Sampling(), answer)
    assert next(pieces) == "0"
    pieces.close()  # type: ignore[attr-defined]
    assert (answer.stopped, answer.text, answer.interrupted) == (True, "0", False)


COLD = {
    "new": (404, '{"error": {"message": "The model does not exist", "code": "model_not_found"}}'),
    "asleep": (429, '{"error": {"message": "The model is still being loaded", "code": null}}'),
    "waking": (503, '{"detail": "Model is loading"}'),
}


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cold, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(cold, "BEAT", 0.005)


def wait_for(at: Connection, answer: Answer, made_at: float | None) -> Iterator[str]:
    return stream(at, "ft:starter", ASKED, Sampling(), answer, made_at)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(("status", "body"), COLD.values(), ids=COLD)
def test_a_model_that_is_being_loaded_is_asked_again(service: Service, at: Connection, status: int, body: str) -> None:
    service.fault("POST", "/completions$", times=2, status=status, body=body)
    service.chunks = [text("here", "stop"), DONE]
    answer = Answer()
    waited = []
    for piece in wait_for(at, answer, made_at=time.time()):
        waited.append(answer.loading)
        assert piece == ("" if answer.loading else "here")
    assert (waited[0], waited[-1]) == (True, False)
    assert (answer.text, answer.error, len(service.requests)) == ("here", None, 3)
    assert (answer.first_token_s or 9) < 9


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("status", "body"),
    [
        COLD["new"],
        (429, '{"error": {"message": "You are sending too fast", "code": "rate_limit_exceeded"}}'),
        (429, '{"error": {"message": "The model is overloaded", "code": null}}'),
        (500, '{"error": {"message": "Error while loading", "code": null}}'),
        (404, '{"error": {"message": "Deployment not found", "code": "DeploymentNotFound"}}'),
    ],
)
def test_other_refusals_and_a_model_that_is_long_gone_are_told_at_once(
    service: Service, at: Connection, status: int, body: str
) -> None:
    service.fault("POST", "/completions$", status=status, body=body)
    answer = Answer()
    assert list(wait_for(at, answer, made_at=time.time() - 3600)) == []
    assert (answer.error is not None, len(service.requests)) == (True, 1)


@pytest.mark.usefixtures("quick")
def test_the_wait_for_a_model_has_an_end(service: Service, at: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cold, "PATIENCE", 0.1)
    service.fault("POST", "/completions$", times=100, status=COLD["asleep"][0], body=COLD["asleep"][1])
    answer = Answer()
    assert "".join(wait_for(at, answer, None)) == ""
    assert isinstance(answer.error, StillLoading)
    assert (answer.loading, 2 <= len(service.requests) < 30) == (False, True)


def test_pauses_grow_to_a_minute_and_honour_what_the_service_asks_for() -> None:
    patience = cold.Patience()
    asleep = RateLimited(service="x", detail="loading")
    assert [round(patience.after(asleep) or 0) for _ in range(7)] == [2, 4, 8, 16, 32, 60, 60]
    asks = RateLimited(service="x", detail="loading", retry_after=20)
    assert cold.Patience().after(asks) == 20


def test_the_wait_for_a_model_can_be_stopped(service: Service, at: Connection) -> None:
    service.fault("POST", "/completions$", times=9, status=COLD["asleep"][0], body=COLD["asleep"][1])
    answer = Answer()
    pieces = wait_for(at, answer, None)
    assert next(pieces) == ""
    pieces.close()  # type: ignore[attr-defined]
    assert (answer.stopped, answer.loading, len(service.requests)) == (True, False, 1)


def test_no_more_stop_sequences_are_sent_than_services_take(service: Service, at: Connection) -> None:
    service.chunks = [text("", "stop"), DONE]
    ask(at, Prepared("completion", prompt="p", stop=tuple("abcdef")))
    assert service.asked[0]["stop"] == ["a", "b", "c", "d"]
