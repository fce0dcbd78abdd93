"""Whatever comes to whichever route is answered, or refused in OpenAI's words: never a failure, and never a 409.

Requests have paths of the right form and of none, query strings, headers and bodies of every kind.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.routing import Match, Route

from lib.engine.app import Engine
from tests.engine.support import AUTH, Running

REFUSALS = {400, 401, 403, 404, 405, 413, 415, 416, 429}
METHODS = ["GET", "POST", "DELETE", "PUT", "PATCH", "HEAD", "OPTIONS", "TRACE", "PROPFIND"]
TEXT = st.text(max_size=8)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)
FIELDS: dict[str, list[Any]] = {
    "model": ["starter", "ft:x", ""],
    "training_file": ["file-none", "../x"],
    "purpose": ["fine-tune", "batch", "x"],
    "bytes": [1, 10**30],
    "filename": ["a", "../../b\0", "\ud83d"],
    "mime_type": ["text/jsonl"],
    "part_ids": [["part_x"], []],
    "md5": ["0" * 32],
    "project_ids": [["blue"], ["../x"]],
    "input_file_id": ["file-none"],
    "endpoint": ["/v1/completions", "/v1/embeddings"],
    "completion_window": ["24h"],
    "event_types": [["batch.completed"], ["x"]],
    "event_type": ["batch.completed"],
    "name": ["n"],
    "url": ["http://127.0.0.1:1/", "file:///etc/passwd", "http://[", "https://"],
    "metadata": [{"a": "b"}, {"": 1}],
    "method": [{"type": "dpo"}, {"type": "reinforcement", "reinforcement": {}}],
    "hyperparameters": [{"n_epochs": 2}, {"n_epochs": 1e400}],
    "suffix": ["s", "x" * 99],
    "seed": [1, 2**70],
    "prompt": ["x", []],
    "messages": [[{"role": "user", "content": "x"}]],
    "expires_after": [{"anchor": "created_at", "seconds": 3600}, {"anchor": "x"}],
}
BODY = (
    st.fixed_dictionaries({}, optional={name: st.sampled_from(values) | ANYTHING for name, values in FIELDS.items()})
    | ANYTHING
)
TYPES = [
    "application/json",
    "application/json; charset=latin-1",
    "multipart/form-data; boundary=x",
    "multipart/form-data",
    "multipart/form-data; boundary=",
    "application/x-www-form-urlencoded",
    "text/plain",
    "",
    "é",
]
QUERIES = ["limit", "after", "order", "purpose", "metadata", "metadata[a]", "metadata[", "project_id", "\0", "é"]
HEADERS = {
    "Idempotency-Key": ["k", "x" * 300, "é", ""],
    "OpenAI-Project": ["blue", "../x", "default", "é", ""],
    "Range": ["bytes=0-1", "bytes=9-1", "bytes=a", "bytes=-0", "bytes=0-0,2-3", "x"],
    "If-Range": ["x", '"e"'],
    "Accept": ["text/html", "x"],
    "Expect": ["100-continue"],
    "Content-Encoding": ["gzip"],
}


@pytest.fixture(scope="module")
def ids(engine: Running) -> dict[str, list[str]]:
    """Names that there are, for each place in a path."""
    job = engine.wait(engine.create("steps=2").id)
    upload = engine.client.uploads.create(filename="u", purpose="batch", bytes=9, mime_type="text/jsonl")
    batch_file = engine.client.files.create(file=("b.jsonl", b"{}\n"), purpose="batch").id
    batch = engine.client.batches.create(input_file_id=batch_file, endpoint="/v1/completions", completion_window="24h")
    hook = engine.client.webhooks.create(event_types=["batch.completed"], name="n", url="http://127.0.0.1:1/")
    return {
        "file_id": [engine.upload(), *job.result_files],
        "job_id": [job.id],
        "upload_id": [upload.id],
        "batch_id": [batch.id],
        "hook_id": [hook.id],
        "model": ["starter", job.fine_tuned_model],
        "permission_id": ["cp_none"],
    }


@pytest.fixture(scope="module")
def routes(engine: Running) -> list[Route]:
    """The routes of an engine like the one that runs."""
    return [route for route in Engine(engine.home / "like").app.routes if isinstance(route, Route)]


@pytest.fixture(scope="module")
def door(engine: Running) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=engine.url, headers=AUTH, timeout=20) as client:
        yield client


@st.composite
def paths(draw: st.DrawFn, routes: list[Route], ids: dict[str, list[str]]) -> str:
    """A route's path with names that there are or with any, or no route's."""
    if draw(st.integers(0, 9)) == 0:
        return "/v1/" + quote(draw(TEXT), safe="/")
    spelled = draw(st.sampled_from(routes)).path
    for place in re.findall(r"{\w+(?::path)?}", spelled):
        known = ids[place.strip("{}").partition(":")[0]]
        name = draw(st.sampled_from(known)) if draw(st.integers(0, 3)) else draw(TEXT)
        spelled = spelled.replace(place, quote(name, safe=":"), 1)
    return spelled + draw(st.sampled_from(["", "", "", "/", "//", "/x"]))


@st.composite
def bodies(draw: st.DrawFn) -> tuple[bytes, str]:
    """A body and what it says it is: JSON, a form, or anything."""
    match draw(st.integers(0, 3)):
        case 0:
            return draw(st.binary(max_size=30)), draw(st.sampled_from(TYPES))
        case 1:
            names = st.sampled_from(["file", "data", "purpose", "expires_after[anchor]", "expires_after[seconds]", "x"])
            parts = draw(st.lists(st.tuples(names, st.booleans(), TEXT), max_size=4))
            lines = [_part(name, is_file, text) for name, is_file, text in parts]
            return b"".join(lines) + b"--b--\r\n", "multipart/form-data; boundary=b"
        case _:
            return json.dumps(draw(BODY)).encode(), "application/json"


def _part(name: str, is_file: bool, text: str) -> bytes:
    file = '; filename="a\\"b"' if is_file else ""
    return f'--b\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n{text}\r\n'.encode("utf-8", "replace")


@given(data=st.data())
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_request_is_answered_or_refused(
    door: httpx2.Client, routes: list[Route], ids: dict[str, list[str]], data: st.DataObject
) -> None:
    draw = data.draw
    body, media = draw(bodies())
    headers = {"Content-Type": media.encode()} if media else {}
    for name in draw(st.lists(st.sampled_from(sorted(HEADERS)), max_size=2, unique=True)):
        headers[name] = draw(st.sampled_from(HEADERS[name])).encode()
    pairs = draw(
        st.lists(st.tuples(st.sampled_from(QUERIES), TEXT | st.sampled_from(["1", "asc", "null"])), max_size=2)
    )
    query = "&".join(f"{quote(name)}={quote(value)}" for name, value in pairs)
    url = draw(paths(routes, ids)) + (f"?{query}" if query else "")
    answer = door.request(draw(st.sampled_from(METHODS)), url, content=body, headers=headers)
    check(answer)


def check(answer: httpx2.Response) -> None:
    """Hold an answer against what is promised of all."""
    assert answer.headers["x-request-id"]
    if answer.status_code in (200, 206):
        return
    assert answer.status_code in REFUSALS, f"{answer.status_code} {answer.text}"
    if answer.request.method != "HEAD":
        error = answer.json()["error"]
        assert set(error) == {"message", "type", "param", "code"}
        assert error["message"]
        assert error["type"]


def test_what_a_route_does_not_serve_is_405_and_names_what_it_does(door: httpx2.Client, routes: list[Route]) -> None:
    for path in {route.path for route in routes}:
        spelled = re.sub(r"{\w+(:path)?}", "x", path)
        scope = {"type": "http", "path": spelled, "method": "GET"}
        served: set[str] = set()
        for route in routes:
            if route.matches(scope)[0] is not Match.NONE:
                served |= route.methods or set()
        for method in set(METHODS) - served:
            answer = door.request(method, spelled)
            assert answer.status_code == 405, f"{method} {path}"
            assert set(answer.headers["allow"].split(", ")) == served, path
            check(answer)


def test_every_route_that_takes_json_refuses_what_is_none(
    door: httpx2.Client, routes: list[Route], ids: dict[str, list[str]]
) -> None:
    told = [route.path for route in routes if "POST" in (route.methods or ())]
    bodiless = re.compile(r"/(cancel|pause|resume|parts)$")
    for path in [path for path in told if not bodiless.search(path)]:
        spelled = re.sub(r"{(\w+)(:path)?}", lambda place: ids[place[1]][-1], path)
        for media in ("text/csv", ""):
            answer = door.post(spelled, content=b"{}", headers={"Content-Type": media} if media else {})
            assert answer.status_code == 415, f"{path} {answer.text}"
            check(answer)


def test_head_is_get_without_a_body(door: httpx2.Client, engine: Running) -> None:
    for path in ("/healthz", "/v1/models", f"/v1/files/{engine.upload()}/content"):
        whole, head = door.get(path), door.head(path)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == str(len(whole.content))
