"""Files in parts, driven by the SDK; engines that are killed or full half-way."""

from __future__ import annotations

import hashlib
import resource
import threading
from collections.abc import Callable
from pathlib import Path

import openai
import pytest
from openai.types import Upload

from tests.engine.support import Process, Running, eventually, training_data

DATA = training_data(examples=500)


def announce(engine: Running, size: int = len(DATA), **fields: object) -> Upload:
    purpose = fields.pop("purpose", "fine-tune")
    return engine.client.uploads.create(
        bytes=size, filename="a.jsonl", mime_type="text/jsonl", purpose=purpose, **fields
    )


def add(engine: Running, upload: Upload, data: bytes, **fields: object) -> str:
    return engine.client.uploads.parts.create(upload.id, data=data, **fields).id


def left(engine: Running) -> set[str]:
    return {path.name for folder in ("files", "uploads") for path in (engine.home / folder).iterdir()}


@pytest.mark.parametrize("part_size", [10_000, None])
def test_the_sdk_sends_a_file_in_parts(engine: Running, tmp_path: Path, part_size: int | None) -> None:
    path = tmp_path / "train.jsonl"
    path.write_bytes(DATA)
    upload = engine.client.uploads.upload_file_chunked(
        file=path,
        mime_type="text/jsonl",
        purpose="fine-tune",
        part_size=part_size,
        md5=hashlib.md5(DATA, usedforsecurity=False).hexdigest(),
    )
    assert (upload.status, upload.bytes, upload.filename) == ("completed", len(DATA), "train.jsonl")
    assert upload.file
    assert engine.client.files.retrieve(upload.file.id) == upload.file
    assert upload.file.status == "processed"
    assert engine.client.files.content(upload.file.id).read() == DATA
    assert list((engine.home / "uploads").iterdir()) == []
    job = engine.client.fine_tuning.jobs.create(model="starter", training_file=upload.file.id)
    assert engine.wait(job.id).status == "succeeded"


def test_parts_are_put_together_in_the_order_given_and_others_are_left_out(engine: Running) -> None:
    policy = {"anchor": "created_at", "seconds": 3600}
    upload = announce(engine, 6, purpose="user_data", expires_after=policy)
    assert (upload.status, upload.file, upload.expires_at) == ("pending", None, upload.created_at + 3600)
    last, first, _spare = (add(engine, upload, data) for data in (b"def", b"abc", b"abc"))
    done = engine.client.uploads.complete(upload.id, part_ids=[first, last])
    assert done.file
    assert engine.client.files.content(done.file.id).read() == b"abcdef"
    assert done.file.expires_at == done.file.created_at + 3600
    assert list((engine.home / "uploads").iterdir()) == []


def test_a_bad_training_file_in_parts_says_which_line(engine: Running) -> None:
    upload = announce(engine, 3)
    file = engine.client.uploads.complete(upload.id, part_ids=[add(engine, upload, b"{}\n")]).file
    assert file
    assert file.status == "error"
    assert "line 1" in (file.status_details or "")


def test_completing_again_gives_the_same_file(engine: Running) -> None:
    upload = announce(engine, 3, purpose="user_data")
    part = add(engine, upload, b"abc")
    done = engine.client.uploads.complete(upload.id, part_ids=[part])
    assert engine.client.uploads.complete(upload.id, part_ids=[part]) == done
    with pytest.raises(openai.BadRequestError, match="completed"):
        engine.client.uploads.complete(upload.id, part_ids=[part, part])
    with pytest.raises(openai.BadRequestError, match="completed"):
        engine.client.uploads.cancel(upload.id)
    with pytest.raises(openai.BadRequestError, match="completed"):
        add(engine, upload, b"more")


def test_completing_many_times_at_once_makes_one_file(engine: Running) -> None:
    upload = announce(engine, 3, purpose="user_data")
    part = add(engine, upload, b"abc")
    before = left(engine)
    answers: list[Upload] = []
    threads = [
        threading.Thread(target=lambda: answers.append(engine.client.uploads.complete(upload.id, part_ids=[part])))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    files = {answer.file.id for answer in answers if answer.file}
    assert (len(answers), len(files)) == (8, 1)
    assert left(engine) == before - {part} | files


@pytest.mark.parametrize(
    ("parts", "md5", "param", "words"),
    [
        ([b"ab"], None, "part_ids", "2 bytes together, but 3 were announced"),
        ([b"abcd"], None, "part_ids", "4 bytes together"),
        ([b"abc"], "0" * 32, "md5", "900150983cd24fb0d6963f7d28e17f72"),
        ([b"abc"], "abc", "md5", "pattern"),
    ],
)
def test_what_does_not_fit_is_refused_and_the_upload_stays_open(
    engine: Running, parts: list[bytes], md5: str | None, param: str, words: str
) -> None:
    upload = announce(engine, 3, purpose="user_data")
    ids = [add(engine, upload, data) for data in parts]
    before = left(engine)
    with pytest.raises(openai.BadRequestError, match=words) as refused:
        engine.client.uploads.complete(upload.id, part_ids=ids, **({"md5": md5} if md5 else {}))
    assert refused.value.param == param
    assert left(engine) == before
    good = add(engine, upload, b"abc")
    assert engine.client.uploads.complete(upload.id, part_ids=[good]).status == "completed"


def test_parts_of_others_and_parts_given_twice_are_refused(engine: Running) -> None:
    mine, other = announce(engine, 6), announce(engine, 6)
    part, foreign = add(engine, mine, b"abc"), add(engine, other, b"abc")
    for ids, words in (([part, foreign], "no part"), ([part, part], "twice"), ([part, "../../x"], "no part")):
        with pytest.raises(openai.BadRequestError, match=words) as refused:
            engine.client.uploads.complete(mine.id, part_ids=ids)
        assert refused.value.param == "part_ids"


def test_a_cancelled_upload_keeps_nothing_and_takes_nothing(engine: Running) -> None:
    upload = announce(engine)
    before = left(engine)
    part = add(engine, upload, b"abc")
    for _ in range(2):
        assert engine.client.uploads.cancel(upload.id).status == "cancelled"
    assert left(engine) == before
    for late in (lambda: add(engine, upload, b"d"), lambda: engine.client.uploads.complete(upload.id, part_ids=[part])):
        with pytest.raises(openai.BadRequestError, match="cancelled") as refused:
            late()
        assert refused.value.code == "upload_cancelled"
    assert left(engine) == before


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"size": 0}, "bytes"),
        ({"size": 8 * 2**30 + 1}, "bytes"),
        ({"purpose": "world-domination"}, "purpose"),
        ({"expires_after": {"anchor": "created_at", "seconds": 1}}, "expires_after.seconds"),
        ({"extra_body": {"colour": "red"}}, "colour"),
    ],
)
def test_an_announcement_that_cannot_be_kept_is_refused(engine: Running, fields: dict, param: str) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        announce(engine, **fields)
    assert refused.value.param == param


def test_an_empty_part_a_part_without_data_and_one_for_nobody_are_refused(engine: Running) -> None:
    upload = announce(engine)
    before = left(engine)
    with pytest.raises(openai.BadRequestError, match="empty"):
        add(engine, upload, b"")
    with pytest.raises(openai.NotFoundError):
        engine.client.uploads.parts.create("upload_x", data=b"abc")
    with pytest.raises(openai.NotFoundError):
        engine.client.uploads.complete("upload_x", part_ids=["part_x"])
    assert left(engine) == before


def test_the_same_idempotency_key_gives_the_same_upload_part_and_file(engine: Running) -> None:
    headers = {"Idempotency-Key": "upload-once"}
    upload = announce(engine, 3, purpose="user_data", extra_headers=headers)
    assert announce(engine, 3, purpose="user_data", extra_headers=headers) == upload
    part = add(engine, upload, b"abc", extra_headers=headers)
    assert add(engine, upload, b"abc", extra_headers=headers) == part
    again = [engine.client.uploads.complete(upload.id, part_ids=[part], extra_headers=headers) for _ in range(2)]
    assert again[0] == again[1]


@pytest.mark.slow
def test_parts_survive_a_killed_engine(start: Callable[[], Process]) -> None:
    engine = start()
    upload = announce(engine)
    first = add(engine, upload, DATA[:5000])
    engine.kill()
    again = start()
    second = add(again, upload, DATA[5000:])
    done = again.client.uploads.complete(upload.id, part_ids=[first, second])
    assert done.file
    assert again.client.files.content(done.file.id).read() == DATA


@pytest.mark.slow
def test_an_engine_killed_while_it_puts_parts_together_leaves_the_upload_whole_or_open(
    start: Callable[[], Process],
) -> None:
    size = 16 * 2**20
    engine = start()
    upload = announce(engine, 4 * size, purpose="user_data")
    parts = [add(engine, upload, bytes([number]) * size) for number in range(4)]

    def complete() -> None:
        with pytest.raises(openai.APIConnectionError):
            engine.client.uploads.complete(upload.id, part_ids=parts)

    completing = threading.Thread(target=complete)
    completing.start()
    eventually(lambda: list((engine.home / "files").glob("*.part")), bool)
    engine.process.kill()
    completing.join()
    engine.close()

    again = start()
    assert list((again.home / "files").iterdir()) == []
    assert again.client.files.list().data == []
    done = again.client.uploads.complete(upload.id, part_ids=parts)
    assert done.file
    assert (again.home / "files" / done.file.id).stat().st_size == 4 * size
    assert left(again) == {done.file.id}


@pytest.mark.slow
def test_a_full_disk_fails_a_part_or_the_putting_together_and_nothing_else(start: Callable[[], Process]) -> None:
    engine = start()
    upload = announce(engine, 3_000_000, purpose="user_data")
    resource.prlimit(engine.process.pid, resource.RLIMIT_FSIZE, (2_000_000, resource.RLIM_INFINITY))
    with pytest.raises(openai.InternalServerError, match="disk is full"):
        add(engine, upload, b"a" * 3_000_000)
    parts = [add(engine, upload, b"a" * 1_500_000), add(engine, upload, b"b" * 1_500_000)]
    with pytest.raises(openai.InternalServerError, match="disk is full"):
        engine.client.uploads.complete(upload.id, part_ids=parts)
    assert left(engine) == set(parts)
    resource.prlimit(engine.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert engine.client.uploads.complete(upload.id, part_ids=parts).status == "completed"
