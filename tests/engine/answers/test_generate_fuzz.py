"""Whatever JSON comes in, what goes out is an answer or an error object, never a failure of the engine's own.

Fields hold what they should, almost what they should, or anything at all; the worker behind says little and at once.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.testclient import TestClient

from lib.engine.answers.generate import Generate
from lib.engine.answers.worker_process import Event, Stream
from lib.engine.app import _refused, _unexpected
from lib.engine.errors import ApiError
from lib.engine.models.bases import Facts
from lib.engine.models.models import Model

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
NAMES = st.sampled_from(["f", "g", "no good", ""])
SCHEMA = st.fixed_dictionaries({}, optional={"type": st.sampled_from(["object", "x"]), "properties": ANYTHING})
FUNCTION = st.fixed_dictionaries({"name": NAMES}, optional={"parameters": SCHEMA | ANYTHING, "strict": ANYTHING})
TOOL = st.fixed_dictionaries({"type": st.just("function"), "function": FUNCTION})
CALL = st.fixed_dictionaries(
    {
        "id": st.sampled_from("ab"),
        "type": st.just("function"),
        "function": st.fixed_dictionaries({"name": NAMES, "arguments": st.sampled_from(["", "{}", '{"a":', "[" * 9])}),
    }
)
MESSAGE = st.fixed_dictionaries(
    {
        "role": st.sampled_from(["system", "user", "assistant", "tool", "developer", "function"]),
        "content": st.text(max_size=5)
        | st.none()
        | st.lists(st.fixed_dictionaries({"type": st.sampled_from(["text", "refusal", "image_url"])}), max_size=2),
    },
    optional={"tool_calls": st.lists(CALL, max_size=2), "tool_call_id": st.sampled_from("ab"), "name": ANYTHING},
)
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "model": st.just("m"),
    "prompt": st.text(max_size=5) | st.lists(st.integers(0, 9)) | st.lists(st.text(max_size=3)) | st.just([[1], [2]]),
    "messages": st.lists(MESSAGE, max_size=4),
    "n": st.integers(-1, 20),
    "best_of": st.integers(-1, 20),
    "max_tokens": st.integers(-1, 40_000),
    "max_completion_tokens": st.integers(-1, 40_000),
    "temperature": st.floats(-1, 3),
    "top_p": st.floats(-1, 2),
    "seed": st.integers(),
    "stop": st.text(max_size=3) | st.lists(st.text(max_size=3), max_size=5),
    "logprobs": st.booleans() | st.integers(-1, 7),
    "top_logprobs": st.integers(-1, 22),
    "echo": st.booleans(),
    "stream": st.booleans(),
    "stream_options": st.just({"include_usage": True}),
    "logit_bias": st.dictionaries(st.sampled_from(["1", "x", "-1", "٣", "9" * 30]), st.floats(-200, 200), max_size=2),
    "presence_penalty": st.floats(-3, 3),
    "response_format": st.fixed_dictionaries(
        {"type": st.sampled_from(["text", "json_object", "json_schema"])},
        optional={"json_schema": st.fixed_dictionaries({"name": NAMES}, optional={"schema": SCHEMA})},
    ),
    "tools": st.lists(TOOL, max_size=3),
    "tool_choice": st.sampled_from(
        ["none", "auto", "required", "x", {"type": "function", "function": {"name": "f"}}, {"type": "allowed_tools"}]
    ),
    "functions": ANYTHING,
}
BODIES = st.fixed_dictionaries({}, optional={name: good | ANYTHING for name, good in FIELDS.items()}) | ANYTHING
REFUSALS = {400, 401, 404, 405, 413, 415, 429}


class Quick:
    """A worker that answers at once, from this process."""

    async def generate(self, ask: dict[str, Any], project: str) -> Stream:
        json.dumps(ask)
        stream = Stream(self, "r1", project)  # type: ignore[arg-type]
        token = {"bytes": [228, 189], "logprob": -1.0, "top": [{"bytes": [1], "logprob": -2.0}], "offset": 0}
        told = {"tokens": [token] if "logprobs" in ask else []}
        events: list[Event] = [{"event": "start", "prompt_tokens": 1}]
        events += [{"event": "prompt", "text": "p", **told}] if ask.get("echo") else []
        for index in range(ask["n"]):
            events += [{"event": "text", "index": index, "text": "t", **told}]
            events += [{"event": "end", "index": index, "finish_reason": "stop", "completion_tokens": 1}]
        for event in [*events, {"event": "done", "prompt_tokens": 1, "completion_tokens": ask["n"]}]:
            stream.put(event)
        return stream

    def drop(self, stream: Stream) -> None:
        """Forget it."""


class One:
    """A catalogue of one model."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, name: str, _project: str) -> Model | None:
        return Model("m", 1, "m", self._folder, Facts(None, 8)) if name == "m" else None


@pytest.fixture(scope="module")
def wire(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    routes = Generate(One(tmp_path_factory.mktemp("model")), Quick()).routes()  # type: ignore[arg-type]
    app = Starlette(routes=routes, exception_handlers={ApiError: _refused, Exception: _unexpected})
    with TestClient(app, raise_server_exceptions=True) as client:
        yield client


@pytest.mark.parametrize("path", ["/v1/completions", "/v1/chat/completions"])
@given(body=BODIES)
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_body_is_answered_or_refused(wire: TestClient, path: str, body: Any) -> None:
    answer = wire.post(path, content=json.dumps(body), headers={"Content-Type": "application/json"})
    if answer.status_code == 200:
        assert "error" not in answer.text.split("data: ")[0]
        return
    assert answer.status_code in REFUSALS, answer.text
    error = answer.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["message"]


@given(body=st.binary(max_size=50))
@settings(max_examples=100, deadline=None)
def test_bytes_that_are_no_json_are_refused(wire: TestClient, body: bytes) -> None:
    answer = wire.post("/v1/completions", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in REFUSALS
    assert answer.json()["error"]["message"]
