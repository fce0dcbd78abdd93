"""What has had its time is removed, and nothing that is still needed."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from lib.engine.files.expiry import Expiry
from lib.engine.files.folder import Folder
from lib.engine.store import Store
from lib.engine.tables import BatchRow, FileRow, JobRow, PartRow, ReplayRow, UploadRow, now

PAST, FUTURE = now() - 10, now() + 1000
DAY = 24 * 3600


class Home:
    """A store with its folders, without an engine."""

    def __init__(self, path: Path) -> None:
        self.store = Store(path / "engine.db")
        self.files, self.parts = Folder(path / "files"), Folder(path / "uploads")
        self.expiry = Expiry(self.store, self.files, self.parts)

    def add_file(self, expires_at: int | None) -> str:
        stored = self.files.save(io.BytesIO(b"abc"))
        self.add(FileRow(id=stored.id, filename="a", purpose="batch", bytes=3, expires_at=expires_at))
        return stored.id

    def add_upload(self, status: str, expires_at: int) -> str:
        part = self.parts.save(io.BytesIO(b"abc"), "part_")
        name = f"upload_{part.id}"
        fields = {"filename": "a", "purpose": "batch", "mime_type": "", "bytes": 3}
        self.add(UploadRow(id=name, status=status, expires_at=expires_at, **fields))
        self.add(PartRow(id=part.id, upload_id=name, bytes=3))
        return part.id

    def add(self, row: object) -> None:
        with self.store.writing() as session:
            session.add(row)

    def ids(self, kind: type) -> list[str]:
        with self.store.reading() as session:
            return [row.id for row in session.query(kind)]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    made = Home(tmp_path)
    yield made
    made.store.close()


def job(status: str, training: str, validation: str | None = None) -> JobRow:
    fields = {"model": "starter", "hyperparameters": {}, "seed": 1, "tag": "t"}
    return JobRow(id=f"job-{training}", training_file=training, validation_file=validation, status=status, **fields)


def batch(status: str, file_id: str) -> BatchRow:
    fields = {"endpoint": "/v1/completions", "completion_window": "24h", "expires_at": FUTURE, "times": {}}
    return BatchRow(id=f"batch-{file_id}", input_file=file_id, status=status, **fields)


def test_files_go_when_their_time_has_come(home: Home) -> None:
    gone, kept, lasting = home.add_file(PAST), home.add_file(FUTURE), home.add_file(None)
    home.expiry.remove_expired()
    assert home.ids(FileRow) == [kept, lasting]
    assert home.files.ids() == {kept, lasting}
    assert gone not in home.files.ids()


@pytest.mark.parametrize("status", ["validating_files", "queued", "running"])
def test_a_file_stays_while_a_job_needs_it(home: Home, status: str) -> None:
    training, validation = home.add_file(PAST), home.add_file(PAST)
    home.add(job(status, training, validation))
    home.expiry.remove_expired()
    assert home.files.ids() == {training, validation}
    with home.store.writing() as session:
        session.query(JobRow).one().status = "succeeded"
    home.expiry.remove_expired()
    assert home.files.ids() == set()


@pytest.mark.parametrize(("status", "kept"), [("validating", True), ("in_progress", True), ("completed", False)])
def test_a_file_stays_while_a_batch_needs_it(home: Home, status: str, kept: bool) -> None:
    file_id = home.add_file(PAST)
    home.add(batch(status, file_id))
    home.expiry.remove_expired()
    assert (file_id in home.files.ids()) is kept


def test_uploads_expire_and_their_parts_go(home: Home) -> None:
    for status, expires_at in (("pending", PAST), ("completed", FUTURE), ("cancelled", PAST - DAY)):
        home.add_upload(status, expires_at)
    open_part = home.add_upload("pending", FUTURE)
    home.expiry.remove_expired()
    assert home.parts.ids() == {open_part}
    assert home.ids(PartRow) == [open_part]
    with home.store.reading() as session:
        assert sorted(row.status for row in session.query(UploadRow)) == ["completed", "expired", "pending"]


def test_remembered_answers_go_after_a_day(home: Home) -> None:
    for key, created_at in (("old", now() - DAY - 10), ("new", now())):
        home.add(ReplayRow(key=key, fingerprint="", answer={}, created_at=created_at))
    home.expiry.remove_expired()
    with home.store.reading() as session:
        assert [row.key for row in session.query(ReplayRow)] == ["new"]


def test_bytes_without_a_row_go_at_the_start(home: Home) -> None:
    file_id, part_id = home.add_file(None), home.add_upload("pending", FUTURE)
    home.files.save(io.BytesIO(b"stray"))
    home.parts.save(io.BytesIO(b"stray"), "part_")
    home.files.path("notes.txt").write_bytes(b"somebody else's")
    home.expiry.remove_strays()
    assert home.files.ids() == {file_id, "notes.txt"}
    assert home.parts.ids() == {part_id}
