from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lib.engine.serving.protocol import Writer
from lib.engine.serving.worker import Worker

Event = dict[str, Any]


class Told:
    """A worker in this process whose events can be read."""

    def __init__(self) -> None:
        self._stream = io.StringIO()
        self.worker = Worker(Writer(self._stream))

    def ask(self, **command: Any) -> None:
        self.worker.hear(json.dumps({"op": "generate", "prompt": "唐朝 ->", "max_tokens": 20} | command))

    def events(self, request_id: str | None = None) -> list[Event]:
        events = [json.loads(line) for line in self._stream.getvalue().splitlines()]
        return [event for event in events if request_id in (None, event["id"])]

    def until(self, condition: Callable[[list[Event]], bool]) -> list[Event]:
        while not condition(self.events()):
            self.worker.turn()
        return self.events()

    def until_done(self, *ids: str) -> list[Event]:
        return self.until(lambda events: {e["id"] for e in events if e["event"] in ("done", "error")} >= set(ids))


def text_of(events: list[Event], index: int = 0) -> str:
    return "".join(event["text"] for event in events if event["event"] == "text" and event["index"] == index)


def test_an_answer_is_told_from_start_to_done(folder: Path) -> None:
    told = Told()
    told.ask(id="r1", model=str(folder), seed=1)
    start, *texts, end, done = told.until_done("r1")
    assert start == {"id": "r1", "event": "start", "prompt_tokens": 5}
    assert {event["event"] for event in texts} == {"text"}
    assert len(texts) > 10
    assert end == {"id": "r1", "event": "end", "index": 0, "finish_reason": "length", "completion_tokens": 20}
    assert done == {"id": "r1", "event": "done", "prompt_tokens": 5, "completion_tokens": 20}


def test_requests_take_turns_and_write_what_they_would_alone(folder: Path) -> None:
    alone = Told()
    alone.ask(id="a", model=str(folder), seed=1)
    expected = text_of(alone.until_done("a"))

    together = Told()
    for name, seed in (("a", 1), ("b", 2), ("c", 3)):
        together.ask(id=name, model=str(folder), seed=seed)
    events = together.until_done("a", "b", "c")
    order = [event["id"] for event in events if event["event"] == "text"]
    assert order.index("c") < len(order) - order[::-1].index("a") - 1
    assert text_of(together.events("a")) == expected


def test_several_answers_to_one_request_differ(folder: Path) -> None:
    told = Told()
    told.ask(id="r1", model=str(folder), seed=1, n=2)
    events = told.until_done("r1")
    assert text_of(events, 0) != text_of(events, 1)
    assert events[-1]["completion_tokens"] == 40


def test_a_cancelled_request_says_nothing_more_and_others_go_on(folder: Path) -> None:
    told = Told()
    told.ask(id="r1", model=str(folder), max_tokens=500, seed=1, stop=[])
    told.until(lambda events: sum(event["event"] == "text" for event in events) > 3)
    told.worker.hear('{"id": "r1", "op": "cancel"}')
    told.ask(id="r2", model=str(folder), seed=2)
    before = len(told.events("r1"))
    told.until_done("r2")
    assert len(told.events("r1")) <= before
    assert told.events("r2")[-1]["event"] == "done"


def test_what_cannot_be_answered_is_refused_and_the_worker_goes_on(folder: Path, tmp_path: Path) -> None:
    told = Told()
    told.worker.hear("not json")
    told.ask(id="gone", model=str(tmp_path / "gone"))
    told.ask(id="long", model=str(folder), prompt="英" * 3_000)
    told.ask(id="good", model=str(folder), max_tokens=2)
    told.until_done("gone", "long", "good")
    codes = {event["id"]: (event["status"], event["code"]) for event in told.events() if event["event"] == "error"}
    assert codes == {
        "": (400, "invalid_request"),
        "gone": (404, "model_not_found"),
        "long": (400, "context_length_exceeded"),
    }
    assert told.events("good")[-1]["event"] == "done"


def test_a_chat_is_put_through_the_folders_template(folder: Path) -> None:
    told = Told()
    told.ask(id="r1", model=str(folder), prompt=None, messages=[{"role": "user", "content": "英雄"}], max_tokens=1)
    assert told.until_done("r1")[0]["prompt_tokens"] == len(["<|user|>", "英", "雄", "<|end|>", "<|assistant|>"])


def test_it_says_that_it_moves_only_while_it_is_asked_and_does(folder: Path) -> None:
    told = Told()
    told.worker.beat()
    assert told.events() == []
    told.ask(id="r1", model=str(folder), max_tokens=500)
    told.until(lambda events: len(events) > 3)
    told.worker.beat()
    told.worker.beat()
    assert [event["event"] for event in told.events()].count("beat") == 1


def test_a_request_that_is_cancelled_while_its_model_loads_is_never_begun(folder: Path) -> None:
    told = Told()
    told.ask(id="r1", model=str(folder))
    told.worker.hear('{"id": "r1", "op": "cancel"}')
    told.ask(id="r2", model=str(folder), max_tokens=2)
    told.until_done("r2")
    assert told.events("r1") == []


def test_a_prompt_is_echoed_and_tokens_are_told_with_their_text(folder: Path) -> None:
    told = Told()
    told.ask(id="r1", model=str(folder), echo=True, logprobs=1, max_tokens=3, temperature=0)
    start, prompt, *texts, _, _ = told.until_done("r1")
    assert (start["event"], prompt["event"], prompt["text"]) == ("start", "prompt", "唐朝 ->")
    assert len(prompt["tokens"]) == 5
    tokens = [token for event in texts for token in event["tokens"]]
    assert bytes(byte for token in tokens for byte in token["bytes"]).decode() == text_of(texts)
    assert tokens[0]["offset"] == len("唐朝 ->")


def test_a_form_is_kept_while_others_write_freely(folder: Path) -> None:
    told = Told()
    form = {"type": "json_schema", "json_schema": {"name": "n", "schema": {"enum": ["唐", "英雄"]}, "strict": True}}
    told.ask(id="free", model=str(folder), seed=1, max_tokens=30)
    told.ask(id="held", model=str(folder), seed=2, n=3, response_format=form)
    told.ask(id="bad", model=str(folder), response_format=form | {"json_schema": {"name": "n", "schema": {"type": 1}}})
    told.until_done("free", "held", "bad")
    assert {text_of(told.events("held"), index) for index in range(3)} <= {'"唐"', '"英雄"'}
    assert told.events("free")[-1]["completion_tokens"] == 30
    assert (told.events("bad")[-1]["status"], told.events("bad")[-1]["code"]) == (400, "invalid_json_schema")
