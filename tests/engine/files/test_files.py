"""Files over the wire, driven by the SDK."""

from __future__ import annotations

import resource
import socket
import sqlite3
from collections.abc import Callable

import httpx2
import openai
import pytest

from lib.engine.files.intake import CHECKED_AT_ONCE
from tests.engine.support import KEY, Process, Running, eventually, training_data

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


BAD_LINES = training_data() + b'{"prompt": }\n' + training_data() + b'{"prompt": 1}\n'


def test_a_training_file_with_bad_lines_is_kept_and_says_which(engine: Running) -> None:
    file = engine.client.files.create(file=("bad.jsonl", BAD_LINES), purpose="fine-tune")
    assert file.status == "error"
    assert "2 lines cannot be used: line 13, column 12" in file.status_details
    assert 'line 26: "prompt" must be a text' in file.status_details
    assert engine.client.files.retrieve(file.id) == file
    assert engine.client.files.content(file.id).read() == BAD_LINES
    job = engine.client.fine_tuning.jobs.create(model="starter", training_file=file.id)
    failed = engine.wait(job.id)
    assert failed.error.code == "invalid_file_format"
    assert failed.error.message == file.status_details


@pytest.mark.parametrize("purpose", ["batch", "user_data", "assistants"])
def test_only_training_files_are_checked(engine: Running, purpose: str) -> None:
    assert engine.client.files.create(file=("a.txt", b"no JSON"), purpose=purpose).status == "processed"


@pytest.mark.parametrize(("end", "status"), [(b"", "processed"), (b"oops\n", "error")])
def test_a_large_training_file_is_checked_after_its_upload_is_answered(
    engine: Running, end: bytes, status: str
) -> None:
    data = training_data() * (CHECKED_AT_ONCE // len(training_data()) + 1) + end
    file = engine.client.files.create(file=("large.jsonl", data), purpose="fine-tune")
    assert file.status == "uploaded"
    done = engine.client.files.wait_for_processing(file.id, poll_interval=0.05)
    assert (done.status, bool(done.status_details)) == (status, bool(end))
    job = engine.client.fine_tuning.jobs.create(model="starter", training_file=file.id)
    assert engine.wait(job.id).status == ("failed" if end else "succeeded")
    engine.client.files.delete(file.id)


def test_a_file_says_when_it_expires(engine: Running) -> None:
    policy = {"anchor": "created_at", "seconds": 3600}
    file = engine.client.files.create(file=("a", training_data()), purpose="fine-tune", expires_after=policy)
    assert file.expires_at == file.created_at + 3600
    assert engine.client.files.create(file=("a", training_data()), purpose="fine-tune").expires_at is None
    batch = engine.client.files.create(file=("a", b"{}"), purpose="batch")
    assert batch.expires_at == batch.created_at + 30 * 24 * 3600


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"expires_after[anchor]": "created_at", "expires_after[seconds]": "3599"}, "expires_after.seconds"),
        ({"expires_after[anchor]": "created_at", "expires_after[seconds]": "2592001"}, "expires_after.seconds"),
        ({"expires_after[anchor]": "created_at", "expires_after[seconds]": "1e5"}, "expires_after.seconds"),
        ({"expires_after[anchor]": "created_at", "expires_after[seconds]": "9" * 5000}, "expires_after.seconds"),
        ({"expires_after[anchor]": "now", "expires_after[seconds]": "3600"}, "expires_after.anchor"),
        ({"expires_after[anchor]": "created_at"}, "expires_after.seconds"),
        ({"expires_after[seconds]": "3600"}, "expires_after.anchor"),
        ({"expires_after": "3600"}, "expires_after"),
    ],
)
def test_another_expiry_is_refused_by_name(engine: Running, fields: dict[str, str], param: str) -> None:
    answer = httpx2.post(
        f"{engine.url}/v1/files", headers=AUTH, data={"purpose": "batch", **fields}, files={"file": b"x"}
    )
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)
    assert not list((engine.home / "files").glob("*.part"))


def test_an_upload_that_breaks_off_leaves_nothing(engine: Running) -> None:
    before = set((engine.home / "files").iterdir())
    host, port = engine.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(
            f"POST /v1/files HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {KEY}\r\nContent-Length: 5000000\r\n"
            'Content-Type: multipart/form-data; boundary=x\r\n\r\n--x\r\nContent-Disposition: form-data; name="file"; '
            'filename="a"\r\n\r\n'.encode()
            + b"a" * 1_000_000
        )
        eventually(lambda: list((engine.home / "files").glob("*.part")), bool)
    eventually(lambda: set((engine.home / "files").iterdir()), lambda now: now == before)


def limit_file_size(engine: Process, most: int) -> None:
    """Make the engine's disk full: a write beyond `most` bytes of a file fails."""
    resource.prlimit(engine.process.pid, resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))


@pytest.mark.slow
def test_a_full_disk_is_refused_in_words_and_leaves_nothing(start: Callable[[], Process]) -> None:
    engine = start()
    limit_file_size(engine, 1_000_000)
    with pytest.raises(openai.InternalServerError, match="disk is full") as refused:
        engine.client.files.create(file=("a.jsonl", b"a" * 3_000_000), purpose="batch")
    assert (refused.value.status_code, refused.value.code) == (507, "disk_full")
    assert list((engine.home / "files").iterdir()) == []
    assert engine.client.files.list().data == []
    limit_file_size(engine, resource.RLIM_INFINITY)
    file = engine.client.files.create(file=("a.jsonl", b"a" * 3_000_000), purpose="batch")
    assert engine.client.files.content(file.id).read() == b"a" * 3_000_000


@pytest.mark.slow
def test_a_killed_engine_leaves_whole_files_or_none_and_checks_what_it_did_not(start: Callable[[], Process]) -> None:
    engine = start()
    data = training_data() * (3 * CHECKED_AT_ONCE // len(training_data()))
    file = engine.client.files.create(file=("large.jsonl", data), purpose="fine-tune")
    engine.kill()
    (engine.home / "files" / "file-half.part").write_bytes(b"half")
    with sqlite3.connect(engine.home / "engine.db") as connection:
        connection.execute("UPDATE files SET status = 'uploaded', status_details = NULL")
    connection.close()
    again = start()
    assert again.client.files.wait_for_processing(file.id, poll_interval=0.05).status == "processed"
    assert [path.name for path in (again.home / "files").iterdir()] == [file.id]
    assert again.client.files.content(file.id).read() == data
