"""The shelf gives back what was put on it, once, whole, and under no path of the giver's."""

from __future__ import annotations

import io
import os
import threading
from pathlib import Path

import pytest

from lib import library
from lib.config import settings
from lib.datasets import jsonl
from lib.datasets.corrections import Corrections
from lib.datasets.recipe import Recipe
from lib.migrations import migrate

RECORDS = [{"prompt": f"{n} ->", "completion": "甲"} for n in range(12)]


@pytest.fixture(autouse=True)
def tables(home: Path) -> None:
    migrate()


def test_an_upload_is_kept_byte_for_byte_and_stored_once() -> None:
    first = library.save_upload("a.csv", b"\xff\x00bytes")
    again = library.save_upload("b.csv", b"\xff\x00bytes")
    assert library.read_file(first.sha256) == b"\xff\x00bytes"
    assert (again.sha256, again.name, again.created_at) == (first.sha256, "b.csv", first.created_at)
    assert library.upload(first.sha256) == again
    assert len(_files()) == 1


@pytest.mark.parametrize("name", ["../../etc/passwd", "C:\\..\\x", "长" * 300, ""])
def test_a_name_is_never_a_path(name: str, home: Path) -> None:
    kept = library.save_upload(name, b"data")
    assert kept.name == name
    assert _files() == [settings().files / kept.sha256[:2] / kept.sha256]


def test_a_name_keeps_nothing_that_a_database_cannot_hold() -> None:
    assert library.save_upload("a\0b\ud800.csv", b"data").name == "ab?.csv"


@pytest.mark.parametrize("sha256", ["", "../../tuneboard.db", "0" * 64, "Z" * 64])
def test_only_a_stored_sha256_can_be_read(sha256: str) -> None:
    with pytest.raises(library.FileGone):
        library.read_file(sha256)


def test_a_write_that_fails_leaves_nothing_behind_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(library.ShelfUnwritable, match="No space left"):
        library.save_upload("a.csv", b"data")
    assert _files() == []


def test_a_draft_is_kept_and_the_newest_comes_first() -> None:
    old, new = library.new_draft("data", {"n": 1}), library.new_draft("data", {"n": 2})
    library.new_draft("train", {})
    library.save_draft(old, "data", {"n": 3})
    assert library.draft(old, "data") == {"n": 3}
    assert library.draft(old, "train") is None
    assert [draft.id for draft in library.drafts("data")] == [old, new]


def test_a_draft_may_be_saved_under_an_id_from_the_address() -> None:
    library.save_draft("from-the-url", "data", {"n": 1})
    assert library.draft("from-the-url", "data") == {"n": 1}


def test_versions_are_numbered_within_their_dataset() -> None:
    source = library.save_upload("a.csv", b"a")
    made = [library.save_version(name, Recipe(), RECORDS[:n], source) for name, n in (("x", 10), ("x", 11), ("y", 10))]
    assert [version.label for version in made] == ["x v1", "x v2", "y v1"]
    assert {version.label for version in library.versions()} == {"x v1", "x v2", "y v1"}
    assert library.version(made[1].id) == made[1]
    assert library.version_bytes(made[0].id).decode().splitlines()[0] == '{"prompt": "0 ->", "completion": "甲"}'


def test_the_same_name_bytes_and_recipe_give_the_same_version() -> None:
    source = library.save_upload("a.csv", b"a")
    first = library.save_version("x", Recipe(stop="\n"), RECORDS, source)
    assert library.save_version("x", Recipe(stop="\n"), RECORDS, source) == first
    assert library.save_version("x", Recipe(stop="END"), RECORDS, source).number == 2


def test_a_version_saved_from_many_tabs_at_once_is_one() -> None:
    source = library.save_upload("a.csv", b"a")
    together, made = threading.Barrier(6), []

    def save() -> None:
        together.wait()
        made.append(library.save_version("x", Recipe(), RECORDS, source).id)

    tabs = [threading.Thread(target=save) for _ in range(6)]
    for tab in tabs:
        tab.start()
    for tab in tabs:
        tab.join()
    assert len(made) == 6
    assert len(set(made)) == 1


def _files() -> list[Path]:
    return [path for path in settings().files.rglob("*") if path.is_file()]


def test_a_stream_is_stored_like_the_bytes_it_holds(tmp_path: Path) -> None:
    streamed = library.save_upload_stream("big.jsonl", io.BytesIO(b"x" * 3_000_000))
    assert streamed == library.save_upload("big.jsonl", b"x" * 3_000_000)
    assert library.file_path(streamed.sha256).stat().st_size == streamed.size == 3_000_000


def test_a_version_from_a_file_is_the_one_from_its_records(tmp_path: Path) -> None:
    source = library.save_upload("a.csv", b"a")
    prepared = tmp_path / "prepared.jsonl"
    prepared.write_bytes(jsonl.write(RECORDS))
    made = library.save_version_file("x", Recipe(), prepared, len(RECORDS), source)
    assert made == library.save_version("x", Recipe(), RECORDS, source)
    assert library.version_path(made.id).read_bytes() == prepared.read_bytes()


def test_corrections_are_kept_with_the_version_and_tell_versions_apart() -> None:
    source = library.save_upload("a.csv", b"a")
    corrections = Corrections({3: {"prompt": "better"}}, frozenset({1, 2}))
    plain = library.save_version("x", Recipe(), RECORDS, source)
    corrected = library.save_version("x", Recipe(), RECORDS, source, corrections)
    assert (plain.number, corrected.number, corrected.corrections) == (1, 2, corrections)
    assert library.save_version("x", Recipe(), RECORDS, source, corrections) == corrected
