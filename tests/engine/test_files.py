"""Files over the wire, driven by the SDK."""

from __future__ import annotations

import httpx2
import openai
import pytest

from tests.engine.support import KEY, Running, training_data

AUTH = {"Authorization": f"Bearer {KEY}"}


def test_a_file_goes_up_and_comes_back_as_it_was(engine: Running) -> None:
    data = training_data()
    file = engine.client.files.create(file=("故事.jsonl", data), purpose="fine-tune")
    assert (file.filename, file.bytes, file.purpose, file.status) == ("故事.jsonl", len(data), "fine-tune", "processed")
    assert engine.client.files.retrieve(file.id) == file
    assert engine.client.files.content(file.id).read() == data


def test_a_deleted_file_is_gone_from_the_list_and_the_disk(engine: Running) -> None:
    file_id = engine.upload()
    assert engine.client.files.delete(file_id).deleted
    assert file_id not in [file.id for file in engine.client.files.list()]
    assert not (engine.home / "files" / file_id).exists()
    for again in (engine.client.files.delete, engine.client.files.retrieve, engine.client.files.content):
        with pytest.raises(openai.NotFoundError):
            again(file_id)


def test_files_are_listed_newest_first_in_pages_that_end(engine: Running) -> None:
    ids = [engine.upload() for _ in range(5)]
    page = engine.client.files.list(limit=2, purpose="fine-tune")
    assert [file.id for file in page.data] == [ids[4], ids[3]]
    assert page.has_more
    seen = [file.id for file in engine.client.files.list(limit=2)]
    assert seen[:5] == ids[::-1]
    assert len(seen) == len(set(seen))
    oldest_first = [file.id for file in engine.client.files.list(order="asc", after=ids[1])]
    assert oldest_first == ids[2:]
    assert engine.client.files.list(purpose="batch").data == []


@pytest.mark.parametrize("name", ["../../escape.jsonl", "..\\..\\escape", "/etc/escape", "a\x00b\nc", "x" * 300])
def test_a_hostile_name_is_only_ever_shown(engine: Running, name: str) -> None:
    before = {path for path in engine.home.rglob("*") if "escape" in path.name}
    file = engine.client.files.create(file=(name, training_data()), purpose="fine-tune")
    assert (engine.home / "files" / file.id).read_bytes() == training_data()
    assert {path for path in engine.home.rglob("*") if "escape" in path.name} == before
    assert "\n" not in file.filename
    assert len(file.filename) <= 255
    assert engine.client.files.content(file.id).read() == training_data()


@pytest.mark.parametrize("file_id", ["..%2f..%2fengine.db", "../engine.db", "file-\x00", "x" * 3000])
def test_an_id_that_was_never_given_out_finds_nothing(engine: Running, file_id: str) -> None:
    with pytest.raises(openai.NotFoundError):
        engine.client.files.content(file_id)


def test_an_empty_file_is_refused(engine: Running) -> None:
    with pytest.raises(openai.BadRequestError, match="empty") as refused:
        engine.client.files.create(file=("empty.jsonl", b""), purpose="fine-tune")
    assert refused.value.param == "file"
    assert not list((engine.home / "files").glob("*.part"))


@pytest.mark.parametrize(
    ("form", "status", "param"),
    [
        ({"data": {"purpose": "fine-tune"}, "files": {"other": b"x"}}, 400, "other"),
        ({"data": {}, "files": {"file": b"x"}}, 400, "purpose"),
        ({"data": {"purpose": "world-domination"}, "files": {"file": b"x"}}, 400, "purpose"),
        ({"data": {"purpose": "fine-tune", "file": "not a file"}, "files": {}}, 415, None),
        ({"content": b"{}", "headers": {"Content-Type": "application/json"}}, 415, None),
        ({"content": b"broken", "headers": {"Content-Type": "multipart/form-data; boundary=x"}}, 400, None),
        ({"content": b"broken", "headers": {"Content-Type": "multipart/form-data"}}, 400, None),
    ],
)
def test_a_broken_form_is_refused_by_name(engine: Running, form: dict, status: int, param: str | None) -> None:
    form = form | {"headers": AUTH | form.get("headers", {})}
    answer = httpx2.post(f"{engine.url}/v1/files", **form)
    assert answer.status_code == status
    assert set(answer.json()["error"]) == {"message", "type", "param", "code"}
    if param:
        assert answer.json()["error"]["param"] in (param, "file")


def test_the_same_idempotency_key_gives_the_same_file(engine: Running) -> None:
    def send(data: bytes) -> str:
        headers = {"Idempotency-Key": "upload-1"}
        return engine.client.files.create(file=("a.jsonl", data), purpose="fine-tune", extra_headers=headers).id

    first = send(training_data())
    stored = set((engine.home / "files").iterdir())
    assert send(training_data()) == first
    assert set((engine.home / "files").iterdir()) == stored
    with pytest.raises(openai.BadRequestError, match="another request"):
        send(training_data("other"))
