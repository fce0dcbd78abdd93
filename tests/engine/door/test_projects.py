"""Projects see only their own: every route is walked, so that a new one cannot forget."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest
from starlette.routing import Route

from lib.engine.app import Engine
from lib.engine.door.keys import add_key
from lib.engine.store import Store
from tests.engine.support import Running, client_of, training_data

BODIES: dict[str, dict[str, Any]] = {
    "/v1/uploads/{upload_id}/parts": {"files": {"data": b"x"}},
    "/v1/uploads/{upload_id}/complete": {"json": {"part_ids": ["part_x"]}},
    "/v1/fine_tuning/checkpoints/{model:path}/permissions": {"json": {"project_ids": ["blue"]}},
}
"""What a route wants in its body before it looks for the object that its path names."""


BATCH = b'{"custom_id": "a", "method": "POST", "url": "/v1/completions", "body": {"model": "m", "prompt": "hi"}}\n'


def routes() -> list[tuple[str, str]]:
    """Return the method and the path of every route, from an engine that never runs."""
    with tempfile.TemporaryDirectory() as folder:
        known = Engine(Path(folder)).app.routes
    return [(m, r.path) for r in known if isinstance(r, Route) for m in sorted(r.methods or ()) if m != "HEAD"]


ROUTES = routes()


@dataclass
class Owner:
    """What the default project has."""

    ids: dict[str, str]
    """An object for each parameter that a path may have."""
    model: str
    checkpoint: str
    file: str
    asks: str
    secret: str = "quite a secret"


@pytest.fixture(scope="module")
def owner(engine: Running) -> Iterator[Owner]:
    client = engine.client
    ended = engine.wait(engine.create().id)
    checkpoint = client.fine_tuning.jobs.checkpoints.list(ended.id).data[0].fine_tuned_model_checkpoint
    job = engine.create("pause=0.1 steps=1000", metadata={"note": Owner.secret}, suffix="secret")
    upload = client.uploads.create(filename="secret.jsonl", purpose="fine-tune", bytes=100, mime_type="text/jsonl")
    permission = client.fine_tuning.checkpoints.permissions.create(checkpoint, project_ids=["green"]).data[0]
    hook = client.webhooks.create(event_types=["batch.failed"], name="secret", url="http://127.0.0.1:9/secret")
    asks = client.files.create(file=("asks.jsonl", BATCH), purpose="batch").id
    batch = client.batches.create(input_file_id=asks, endpoint="/v1/completions", completion_window="24h")
    file = engine.upload()
    asked = client.files.create(file=("secret.jsonl", b"secret"), purpose="batch").id
    batch = client.batches.create(input_file_id=asked, endpoint="/v1/completions", completion_window="24h")
    ids = {
        "file_id": file,
        "upload_id": upload.id,
        "job_id": job.id,
        "model": ended.fine_tuned_model,
        "permission_id": permission.id,
        "hook_id": hook.id,
        "batch_id": batch.id,
    }
    yield Owner(ids, ended.fine_tuned_model, checkpoint, file, asks)
    client.fine_tuning.jobs.cancel(job.id)


@pytest.fixture(scope="module")
def blue(engine: Running) -> str:
    """A key of another project."""
    store = Store(engine.home / "engine.db")
    with store.writing() as session:
        key = add_key(session, "blue", "")[1]
    store.close()
    return key


def filled(path: str, ids: dict[str, str]) -> str:
    for name in Route(path, endpoint=lambda: None).param_convertors:
        path = path.replace("{" + name + "}", ids[name]).replace("{" + name + ":path}", ids[name])
    return path


def made_up(real: str) -> str:
    """Return an id that looks like a real one and names nothing."""
    return real[:-5] + "zzzzz"


@pytest.mark.parametrize(("method", "path"), [(m, p) for m, p in ROUTES if "{" in p])
def test_what_another_project_owns_is_answered_like_what_is_not_there(
    engine: Running, owner: Owner, blue: str, method: str, path: str
) -> None:
    """A path with a parameter that `owner` does not know fails here: give it an object."""
    headers = {"Authorization": f"Bearer {blue}"}
    answers = []
    for ids in (owner.ids, {name: made_up(real) for name, real in owner.ids.items()}):
        answer = httpx2.request(method, engine.url + filled(path, ids), headers=headers, **BODIES.get(path, {}))
        text = answer.text
        for name, known in ids.items():
            text = text.replace(known, name)
        answers.append((answer.status_code, text))
    assert answers[0] == answers[1]
    assert answers[0][0] in (403, 404)


@pytest.mark.parametrize("path", [p for m, p in ROUTES if m == "GET" and "{" not in p])
def test_no_list_shows_what_another_project_owns(engine: Running, owner: Owner, blue: str, path: str) -> None:
    text = httpx2.get(engine.url + path, headers={"Authorization": f"Bearer {blue}"}).text
    for known in (*owner.ids.values(), owner.checkpoint, owner.secret, "secret.jsonl"):
        assert known not in text


def test_what_another_project_owns_cannot_be_used_either(engine: Running, owner: Owner, blue: str) -> None:
    with client_of(engine.url, blue) as client:
        own = client.files.create(file=("a.jsonl", training_data()), purpose="fine-tune").id
        for fields in (
            {"model": "starter", "training_file": owner.file},
            {"model": "starter", "training_file": own, "validation_file": owner.file},
            {"model": owner.model, "training_file": own},
            {"model": owner.checkpoint, "training_file": own},
        ):
            with pytest.raises(openai.BadRequestError):
                client.fine_tuning.jobs.create(**fields)  # type: ignore[arg-type]
        asks = {"endpoint": "/v1/completions", "completion_window": "24h"}
        with pytest.raises(openai.BadRequestError):
            client.batches.create(input_file_id=owner.asks, **asks)  # type: ignore[arg-type]
        for model in (owner.model, owner.checkpoint):
            with pytest.raises(openai.NotFoundError):
                client.completions.create(model=model, prompt="hello")
            with pytest.raises(openai.NotFoundError):
                client.chat.completions.create(model=model, messages=[{"role": "user", "content": "hello"}])
        with pytest.raises(openai.BadRequestError):
            client.batches.create(input_file_id=owner.file, endpoint="/v1/completions", completion_window="24h")
        with pytest.raises(openai.BadRequestError):
            client.files.list(after=owner.file)
        with pytest.raises(openai.BadRequestError):
            client.fine_tuning.jobs.list(after=owner.ids["job_id"])
        assert client.fine_tuning.jobs.list(metadata={"note": owner.secret}).data == []


def test_one_projects_idempotency_key_is_not_anothers(engine: Running, blue: str) -> None:
    again = {"extra_headers": {"Idempotency-Key": "the same"}}
    file = ("same.jsonl", b'{"a": 1}\n')
    with client_of(engine.url, blue) as client:
        mine = client.files.create(file=file, purpose="user_data", **again).id
        assert client.files.create(file=file, purpose="user_data", **again).id == mine
    assert engine.client.files.create(file=file, purpose="user_data", **again).id != mine


def test_after_all_attempts_everything_is_still_there(engine: Running, owner: Owner) -> None:
    client = engine.client
    assert client.files.content(owner.file).content == training_data()
    assert client.fine_tuning.jobs.retrieve(owner.ids["job_id"]).status in ("queued", "running")
    assert client.models.retrieve(owner.model).id == owner.model
    permissions = client.fine_tuning.checkpoints.permissions.list(owner.checkpoint).data
    assert [row.id for row in permissions] == [owner.ids["permission_id"]]
