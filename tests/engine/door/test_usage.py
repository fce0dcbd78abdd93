"""The disk that a project takes: counted, bounded, and given back by deleting."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import openai
import pytest

from lib.engine.app import Engine
from lib.engine.door.usage import used_bytes
from lib.engine.limits import Limits
from lib.engine.store import Store
from tests.engine.support import KEY, TRAINER, WORKER, Running, eventually, run_here, training_data

ROOM = 4000


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """An engine in which a project has little room."""
    home = tmp_path_factory.mktemp("small")
    limits = Limits(project_bytes=ROOM, project_files=6)
    yield from run_here(Engine(home, api_key=KEY, limits=limits, trainer=TRAINER, worker=WORKER), home, KEY)


def used(engine: Running, project: str) -> int:
    store = Store(engine.home / "engine.db")
    with store.reading() as session:
        bytes_used = used_bytes(session, project)
    store.close()
    return bytes_used


def upload(client: openai.OpenAI, size: int) -> str:
    return client.files.create(file=("a.txt", b"x" * size), purpose="user_data").id


def test_a_project_takes_no_more_than_its_room_and_gets_it_back_by_deleting(engine: Running) -> None:
    client = engine.client.with_options(project="files")
    first = upload(client, ROOM)
    assert used(engine, "files") == ROOM
    with pytest.raises(openai.PermissionDeniedError, match="Delete files or models") as refused:
        upload(client, 1)
    assert refused.value.code == "quota_exceeded"
    upload(engine.client.with_options(project="other"), ROOM)
    client.files.delete(first)
    upload(client, 1)
    kept = [path for path in (engine.home / "files").iterdir() if path.is_file()]
    assert sorted(path.stat().st_size for path in kept) == [1, ROOM], "what was refused does not lie on the disk"


def test_a_project_has_only_so_many_files(engine: Running) -> None:
    client = engine.client.with_options(project="many")
    for _ in range(6):
        upload(client, 1)
    with pytest.raises(openai.PermissionDeniedError, match="6 files"):
        upload(client, 1)


def test_parts_of_an_open_upload_take_room_until_it_is_given_up(engine: Running) -> None:
    client = engine.client.with_options(project="parts")
    open_upload = client.uploads.create(filename="a", purpose="user_data", bytes=ROOM, mime_type="text/plain")
    client.uploads.parts.create(open_upload.id, data=b"x" * (ROOM - 1))
    assert used(engine, "parts") == ROOM - 1
    with pytest.raises(openai.PermissionDeniedError):
        upload(client, 2)
    client.uploads.cancel(open_upload.id)
    assert used(engine, "parts") == 0


def test_models_take_room_and_a_full_project_starts_no_job(engine: Running) -> None:
    client = engine.client.with_options(project="models")
    file = client.files.create(file=("a.jsonl", training_data()), purpose="fine-tune").id
    before = used(engine, "models")
    job = client.fine_tuning.jobs.create(model="starter", training_file=file)
    ended = eventually(lambda: client.fine_tuning.jobs.retrieve(job.id), lambda seen: seen.status == "succeeded")
    model = ended.fine_tuned_model
    assert model
    after = used(engine, "models")
    weights = sum(p.stat().st_size for p in Path(engine.home, "jobs", job.id).rglob("*.safetensors"))
    assert after - before >= weights > 0
    upload(client, ROOM - after)
    with pytest.raises(openai.PermissionDeniedError) as refused:
        client.fine_tuning.jobs.create(model="starter", training_file=file)
    assert refused.value.code == "quota_exceeded"
    client.models.delete(model)
    assert used(engine, "models") < ROOM
